"""The exact set of jobs that each change runs: rows of the table in docs/reruns.md."""

import os
import shutil
import subprocess
import sys
from typing import Any

import pytest
import yaml

from helpers.project import CHECKOUT, OVERLAY, Project
from helpers.tiny import write_archive

NEIGHBORS = ["knn_raw", "knn_pca", "knn_scaled_pca", "knn_grid"]
NETWORKS = ["mlp", "mlp_batchnorm_dropout"]
MODELS = [*NEIGHBORS, *NETWORKS]
GRID = "models.knn_grid.tune.grid"
FOLDS = ["fold_0_of_3", "fold_1_of_3", "fold_2_of_3"]
SEED_7 = [f"{model}/seed_7" for model in NETWORKS]
MODEL_PLOTS = {f"plot_model {model}" for model in MODELS}
REPORT = {"write_report"}
# Pages whose jobs import the report's modules.
PAGES = REPORT | {"write_audit_report", "explore_predictions"}
ISSUE_IMPACT = {"evaluate_without_issues", "run_checks"} | REPORT
EXPLORER = {"embed_test_images", "explore_predictions"}
COMPARED = {"compare_models", "plot_comparison", "run_checks"} | REPORT | EXPLORER
COMPARISON = COMPARED | ISSUE_IMPACT
TRAINING_CURVES = {
    f"{rule} {model}" for rule in ("summarize_training_curve", "plot_training_curves") for model in NETWORKS
}
AUDIT = {"find_duplicates", "find_label_issues", "find_image_issues", "find_shortcuts"}


def jobs(rules: list[str], *of: str) -> set[str]:
    return {f"{rule} {name}" for rule in rules for name in of}


def scored(*models: str) -> set[str]:
    """Return the jobs that run when predictions of these models change."""
    return jobs(["evaluate_model", "plot_model"], *models) | COMPARISON


def searched(*models: str) -> set[str]:
    """Return the jobs that run when the neighbours of these models are searched again."""
    return jobs(["predict_knn"], *models) | scored(*models)


def trained(*models: str) -> set[str]:
    """Return the jobs that run when these networks are trained again."""
    rules = ["train_network", "summarize_training_curve", "plot_training_curves", "plot_filters"]
    return jobs(rules, *models) | scored(*models)


def computed(*features: str, part: str = "all", splits: tuple[str, ...] = ("train", "test")) -> set[str]:
    """Return the jobs that compute features."""
    return {f"compute_features {name} {part} {split}" for name in features for split in splits}


def variants(*n_components: int) -> set[str]:
    """Return the jobs that compute the features of the grid search."""
    names = [f"scaled_pca@n_components={number}" for number in n_components]
    return set().union(*(computed(*names, part=fold, splits=("train",)) for fold in FOLDS))


def cv_fits(*n_components: int, folds: list[str] = FOLDS) -> set[str]:
    return {
        f"cross_validate_knn knn_grid {fold} n_components={number}"
        for fold in folds
        for number in n_components
    }


def best_params() -> set[str]:
    """Return the jobs that run when fits of the grid search change."""
    tuned = jobs(["select_best_params", "plot_grid_search"], "knn_grid") | computed("scaled_pca@knn_grid")
    return tuned | searched("knn_grid")


def set_key(settings: dict[str, Any], key: str, value: Any) -> None:
    """Set a value by its dotted key."""
    *path, name = key.split(".")
    for part in path:
        settings = settings.setdefault(part, {})
    settings[name] = value


# ---- No change ----


def test_the_finished_run_did_every_job_once(finished):
    log = (finished.folder / "run.log").read_text()
    everything = (
        {"download_dataset", "load_dataset", "make_cv_splits folds_of_3", "write_audit_report", *AUDIT}
        | jobs(["compute_covariance"], "all", *FOLDS)
        | {"fit_features pca all"}
        | {f"fit_features pca+standardize=true {part}" for part in ("all", *FOLDS)}
        | computed("pca", "scaled_pca")
        | variants(2, 4)
        | cv_fits(2, 4)
        | best_params()
        | searched(*NEIGHBORS)
        | trained(*NETWORKS)
    )
    assert finished.would_run("--forceall") == everything
    steps = len(everything) + 1
    assert f"{steps} of {steps} steps (100%) done" in log


def test_formatting_key_order_and_touched_files_rerun_nothing(project):
    for part in ("scripts", "workflow", "config"):
        for path in (project.folder / part).rglob("*"):
            path.touch()
    for path in ("config/config.yaml", OVERLAY):
        settings = yaml.safe_load((project.folder / path).read_text())
        # This removes all comments and reverses the order of keys at every level.
        text = yaml.safe_dump(_reversed(settings), sort_keys=False, indent=7, default_flow_style=False)
        (project.folder / path).write_text("# Another comment.\n\n" + text + "\n\n")
    assert project.would_run() == set()


@pytest.mark.parametrize("noted", [True, False], ids=["with .snakemake", "without .snakemake"])
def test_a_fresh_clone_with_old_results_reruns_nothing(finished, overlay, tmp_path, noted):
    clone = Project.create(tmp_path / "clone", overlay)
    shutil.copytree(finished.folder / "results", clone.folder / "results")
    if noted:
        shutil.copytree(finished.folder / ".snakemake", clone.folder / ".snakemake")
    newest = max(path.stat().st_mtime for path in clone.results.rglob("*"))
    # A clone's files are newer than all results.
    for path in (clone.folder / "scripts").rglob("*"):
        os.utime(path, (newest + 60, newest + 60))
    assert clone.would_run() == set()


# ---- One key ----


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("models.knn_raw.n_neighbors", 3, searched("knn_raw")),
        ("models.knn_pca.metric", "cosine", searched("knn_pca")),
        ("models.knn_pca.features", "scaled_pca", searched("knn_pca") | REPORT),
        ("models.mlp.learning_rate", 0.1, trained("mlp")),
        ("models.mlp.epochs", 5, trained("mlp")),
        ("models.mlp_batchnorm_dropout.dropout", 0.25, trained("mlp_batchnorm_dropout")),
        # Components are fitted once for any number of them.
        ("features.pca.n_components", 8, computed("pca") | searched("knn_pca")),
        ("features.pca.standardize", True, computed("pca") | searched("knn_pca")),
        # Features that no model uses are not computed.
        ("features.discriminants", {"type": "lda"}, set()),
        ("seed", 1, trained(*NETWORKS) | scored(*MODELS)),
        # Networks are trained with a further seed in addition to the first.
        (
            "seeds",
            [0, 7],
            jobs(["train_network", "summarize_training_curve", "evaluate_model"], *SEED_7) | COMPARED,
        ),
        # More neighbours than before need new fits; fewer do not.
        (f"{GRID}.n_neighbors", [1, 3, 5], cv_fits(2, 4) | best_params()),
        (f"{GRID}.n_neighbors", [1, 2, 3], best_params()),
        (f"{GRID}.n_neighbors", [3, 1], best_params()),
        ("figures.confusion_matrix.color", "#123456", MODEL_PLOTS | REPORT),
        ("figures.predictions.dpi", 60, MODEL_PLOTS | jobs(["plot_filters"], *NETWORKS) | REPORT),
        ("figures.training.train_color", "#123456", jobs(["plot_training_curves"], *NETWORKS) | REPORT),
        ("figures.accuracy.color", "#123456", {"plot_comparison"} | REPORT),
        ("report.title", "Words", REPORT),
        ("report.language", "ru", REPORT | {"write_audit_report", "explore_predictions"}),
    ],
)
def test_a_changed_key_runs_the_affected_jobs(project, key, value, expected):
    project.configure(lambda settings: set_key(settings, key, value))
    assert project.would_run() == expected


def test_swapped_hyperparameters_retrain_the_network(project):
    def swap(settings: dict) -> None:
        entry = settings["models"]["mlp"]
        entry["hidden_dim"], entry["batch_size"] = entry["batch_size"], entry["hidden_dim"]

    project.configure(swap)
    assert project.would_run() == trained("mlp")


# ---- The grid ----


def test_an_added_number_of_components_runs_only_its_fits(project):
    """Run the jobs, to test that a value removed from the grid and added again needs no new fit."""
    target = "models/knn_grid/cv_results.csv"

    def use(numbers: list[int]) -> None:
        project.configure(lambda settings: set_key(settings, f"{GRID}.n_components", numbers))

    use([2, 4, 6])
    assert project.would_run() == variants(6) | cv_fits(6) | best_params()
    assert project.succeed(targets=(target,)) == variants(6) | cv_fits(6) | {"select_best_params knn_grid"}
    use([2, 4])
    assert project.succeed(targets=(target,)) == {"select_best_params knn_grid"}
    use([6, 4, 2])
    assert project.would_run(targets=(target,)) == {"select_best_params knn_grid"}


# ---- The list of models ----


def test_a_removed_model_reruns_the_comparison_and_its_return_nothing(project):
    project.configure(lambda settings: set_key(settings, "compare", MODELS[1:]))
    assert project.would_run() == COMPARISON
    project.configure(lambda settings: set_key(settings, "compare", MODELS))
    assert project.would_run() == set()


def test_an_added_model_runs_its_jobs(project):
    added = {"family": "knn", "features": "scaled_pca", "n_neighbors": 1}
    project.configure(lambda settings: set_key(settings, "models.added", added))
    # A model that is not in `compare` runs nothing.
    assert project.would_run() == set()
    project.configure(lambda settings: set_key(settings, "compare", [*MODELS, "added"]))
    assert project.would_run() == searched("added")


def test_a_caption_is_read_when_snakemake_s_report_is_made(project):
    project.edit("workflow/report/confusion_matrix.rst", "\nWords of another caption.\n")
    assert project.would_run() == set()
    project.succeed("--report", "page.html")
    assert "Words of another caption." in (project.folder / "page.html").read_text()


# ---- Code ----


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("cifarbench/models/knn/exact.py", cv_fits(2, 4) | best_params() | searched(*NEIGHBORS)),
        ("cifarbench/models/networks/training.py", trained(*NETWORKS)),
        ("cifarbench/models/estimators/classifier.py", set()),
        ("cifarbench/evaluation/training_curve.py", TRAINING_CURVES | REPORT | {"run_checks"}),
        ("cifarbench/plots/confusion_matrix.py", MODEL_PLOTS | REPORT),
        ("cifarbench/evaluation/comparison.py", COMPARED),
        ("cifarbench/evaluation/issue_impact.py", ISSUE_IMPACT),
        ("cifarbench/audit/translation_registration.py", {"find_duplicates"} | PAGES | ISSUE_IMPACT),
        ("cifarbench/report/templates/report.html.j2", REPORT),
        ("cifarbench/history/records.py", set()),
        ("plot_comparison.py", {"plot_comparison"} | REPORT),
    ],
)
def test_an_edited_module_reruns_the_jobs_that_import_it(project, module, expected):
    project.edit(f"scripts/{module}", "# An edit.\n")
    assert project.would_run() == expected


def test_fingerprints_cover_all_imported_modules():
    """Compare the fingerprint of each script with the modules that it loads."""
    program = """
import importlib, json, sys
from pathlib import Path
from cifarbench.planning import fingerprint
scripts = Path(sys.argv[1])
rules = "".join(path.read_text() for path in scripts.parent.glob("workflow/rules/*.smk"))
for script in sorted(scripts.glob("*.py")):
    loaded = {name for name in sys.modules if name.split(".")[0] == "cifarbench"}
    for name in loaded:
        del sys.modules[name]
    importlib.import_module(script.stem)
    really = {Path(module.__file__) for name, module in sys.modules.items() if name.split(".")[0] == "cifarbench"}
    known = fingerprint._closure([script], lambda path: fingerprint._modules_named_in(path, scripts)) - {script}
    # What no rule runs may import some of it when it has to.
    if f"rule {script.stem}:" not in rules and f" as {script.stem} with:" not in rules:
        assert really <= known, (script.name, really - known)
    else:
        # Imported for images in arrays, features of a pretrained network, and predictions by an ONNX file.
        late = {
            scripts / f"cifarbench/{name}.py"
            for name in (
                *("data/image_arrays", "data/parquet"),
                *("features/pretrained_network", "models/predictions/onnx_file"),
            )
        }
        assert really <= known <= really | late, (script.name, really ^ known)
"""
    answer = subprocess.run(
        [sys.executable, "-c", program, CHECKOUT / "scripts"],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT / "scripts")},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr


# ---- Settings of the execution ----


@pytest.mark.parametrize("profile", ["none", "workflow/profiles/slurm", "workflow/profiles/cluster-generic"])
def test_threads_resources_cores_and_profiles_rerun_nothing(finished, profile):
    limits = ["--set-threads", "predict_knn=2", "--set-resources", "train_network:mem_mb=9000"]
    limits += ["--default-resources", "mem_mb=1000", "disk_mb=1000", "--resources", "gpu=1", "mem_mb=4000"]
    assert finished.would_run("--workflow-profile", profile, *limits, cores=16) == set()


def test_paths_and_the_checkpoint_interval_rerun_only_the_report(project, tmp_path):
    def move(settings: dict) -> None:
        entry = settings["datasets"]["tiny"]
        entry["archive"] = str(shutil.copy(entry["archive"], tmp_path / "elsewhere.tar.gz"))
        settings["training"]["checkpoint_interval_seconds"] = 60
        settings["cache_dir"] = str(tmp_path)

    project.configure(move)
    # The report states the path.
    assert project.would_run() == REPORT


# ---- Data ----


@pytest.mark.parametrize("stated", [True, False], ids=["with sha256", "without sha256"])
def test_another_archive_runs_everything(finished, overlay, tmp_path, stated):
    project = finished.copy(tmp_path / "study")
    archive = tmp_path / "tiny.tar.gz"
    sha256 = write_archive(archive, seed=1)

    def replace(settings: dict) -> None:
        settings["datasets"]["tiny"] |= {"archive": str(archive), "sha256": sha256}
        if not stated:
            del settings["datasets"]["tiny"]["sha256"]

    everything = finished.would_run("--forceall")
    project.configure(replace)
    assert project.would_run() == everything


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return value
