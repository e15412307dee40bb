"""A suite over datasets, seeds, splits and training set sizes: jobs on a finished run and after changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reruns import set_key

from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import read_csv
from helpers.project import Project
from helpers.tiny import write_archive

SUITE = {"train_sizes": [30], "repeats": {"n_seeds": 2, "n_splits": 2}}
SUITE_JOBS = {("", job) for job in ("compare_across_datasets", "plot_suite", "write_suite_report")}
DATA = ["download_dataset", "load_dataset"]
KNN_RULES = ["predict_knn", "evaluate_model"]
NETWORK_RULES = ["train_network", "evaluate_model"]
AUDIT = [
    "find_duplicates",
    "find_label_issues",
    "find_image_issues",
    "find_shortcuts",
    "write_audit_report",
    "evaluate_without_issues",
]
# Jobs of an experiment with a k-NN model and a network, without its runs and its audit.
RULES = ["compare_models", "plot_comparison", "write_report", "plot_training_curves mlp", "plot_filters mlp"]
RULES += ["summarize_training_curve mlp", "plot_model mlp", "plot_model knn_pca", "fit_features pca all"]
EXPLORER_RULES = ["embed_test_images", "explore_predictions", "run_checks"]
RULES += EXPLORER_RULES


def jobs(dataset: str, rules: list[str], *of: str) -> set[tuple[str, str]]:
    return {(dataset, f"{rule} {name}".strip()) for rule in rules for name in of or [""]}


def features(dataset: str, part: str = "all") -> set[tuple[str, str]]:
    """Return the PCA jobs of a subset; with fewer images than pixels, there is no covariance job."""
    moments = jobs(dataset, ["compute_covariance"], part) if part == "all" else set()
    computed = jobs(dataset, ["compute_features pca"], f"{part} train", f"{part} test")
    return moments | computed | {(dataset, f"fit_features pca {part}")}


def of_size(dataset: str, size: int) -> set[tuple[str, str]]:
    """Return all jobs of both models fitted to the first `size` training images."""
    part = f"train_{size}"
    moments = jobs(dataset, ["compute_covariance"], part) if size > 48 else set()
    runs = jobs(dataset, KNN_RULES, f"knn_pca/{part}") | jobs(dataset, NETWORK_RULES, f"mlp/{part}")
    return moments | features(dataset, part) | runs


def of_split(dataset: str, split: int, seed: int | None) -> set[tuple[str, str]]:
    """Return all jobs of both models on another split; with a seed, also those of the network with that seed."""
    name = f"{dataset}/split_{split}"
    networks = ["mlp", *([f"mlp/seed_{seed}"] if seed is not None else [])]
    runs = jobs(name, KNN_RULES, "knn_pca") | jobs(name, NETWORK_RULES, *networks)
    return jobs(name, ["make_random_split"]) | features(name) | runs


def of_seed(dataset: str, seed: int) -> set[tuple[str, str]]:
    """Return the jobs of the network with other initial weights, and with another order of the batches."""
    return jobs(dataset, NETWORK_RULES, f"mlp/init_seed_{seed}", f"mlp/data_seed_{seed}")


def collected(dataset: str, with_curves: bool = True) -> set[tuple[str, str]]:
    """Return the jobs that collect the results of a dataset and compare all datasets."""
    rules = ["collect_results", *(["fit_learning_curves"] if with_curves else [])]
    return jobs(dataset, rules) | SUITE_JOBS


def would_run(project: Project) -> set[tuple[str, str]]:
    answer = project.run("--dry-run")
    assert answer.code == 0, answer.text
    return answer.jobs_of_datasets


def whole_experiment(dataset: str) -> set[tuple[str, str]]:
    """Return all jobs of a dataset without the suite."""
    runs = jobs(dataset, KNN_RULES, "knn_pca") | jobs(dataset, NETWORK_RULES, "mlp")
    return jobs(dataset, DATA) | features(dataset) | runs | jobs(dataset, RULES)


@pytest.fixture(scope="session")
def small(overlay: dict) -> dict:
    """The overlay of the tiny experiment with two models and without an audit."""
    return overlay | {"compare": ["knn_pca", "mlp"], "audit": False}


@pytest.fixture(scope="session")
def across(made_once, small: dict) -> Project:
    """A finished run of the tiny experiment, first alone and then with a suite. Tests must not change it."""

    def run(folder: Path) -> None:
        project = Project.create(folder / "study", small)
        assert project.succeed()
        alone = (
            project.checksums("*.html") | project.checksums("models/**/*") | project.checksums("figures/**/*")
        )
        project.configure(lambda settings: settings.update(suite=SUITE))
        answer = project.run()
        assert answer.code == 0, answer.text
        (project.folder / "run.log").write_text(answer.log)
        now = project.checksums("**/*")
        assert {name: now[name] for name in alone} == alone

    return Project(made_once("suite", run) / "study", small["dataset"])


@pytest.fixture
def changed(across: Project, tmp_path: Path) -> Callable[[str, Any], Project]:
    """Return a function that copies the finished suite and sets one key to another value."""

    def change(key: str, value: Any) -> Project:
        project = across.copy(tmp_path / "study")
        project.configure(lambda settings: set_key(settings, key, value))
        return project

    return change


def test_a_suite_adds_jobs_to_a_finished_run_and_reruns_none(across):
    ran = type(across.run("--dry-run"))(0, "", (across.folder / "run.log").read_text()).jobs_of_datasets
    suite_jobs = of_size("tiny", 30) | of_seed("tiny", 1) | of_split("tiny", 1, seed=1)
    assert ran == suite_jobs | jobs("tiny", ["make_cv_splits"], "order") | collected("tiny")
    assert would_run(across) == set()


def test_a_removed_suite_reruns_nothing(changed):
    project = changed("title", None)
    project.configure(lambda settings: [settings.pop("suite"), settings.pop("title")])
    assert would_run(project) == set()


def test_the_table_of_runs_has_a_row_for_every_run(across):
    rows = read_csv(across.folder / "results/suite/runs.csv")
    assert {
        (row["model"], row["split"], row["seed"], row["init_seed"], row["train_size"]) for row in rows
    } == {
        *(("knn_pca", split, None, None, size) for split, size in ((0, 60), (0, 30), (1, 60))),
        *(("mlp", split, seed, None, 60) for split, seed in ((0, 0), (1, 0), (1, 1))),
        *(("mlp", 0, 0, None, 30), ("mlp", 0, 0, 1, 60), ("mlp", 0, 1, 0, 60)),
    }
    for row in rows:
        split = f"/split_{row['split']}" if row["split"] else ""
        run = f"{row['model']}" + (f"/train_{row['train_size']}" if not row["full_train"] else "")
        if row["varied_factor"] in (None, "train_size", "split"):
            metrics = read_json(across.folder / f"results/tiny{split}/models/{run}/metrics.json")
            assert metrics["accuracy"] == row["accuracy"]
    assert len({row["test_set_hash"] for row in rows}) == 2
    assert len({row["code_hash"] for row in rows}) == 1


def test_another_split_has_the_same_images_and_class_counts(across):
    def images(dataset: str, what: str) -> list[np.ndarray]:
        folder = across.folder / "results" / dataset / "data"
        return [np.load(folder / f"{part}_{what}.npy") for part in ("train", "test")]

    for ours, theirs in zip(images("tiny", "labels"), images("tiny/split_1", "labels"), strict=True):
        assert np.array_equal(np.bincount(ours), np.bincount(theirs))
    (train, _), (other_train, _) = images("tiny", "images"), images("tiny/split_1", "images")
    together = [
        sorted(map(bytes, np.concatenate(images(name, "images")))) for name in ("tiny", "tiny/split_1")
    ]
    assert together[0] == together[1]
    assert not np.array_equal(train, other_train)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("train_sizes", [30, 50], of_size("tiny", 50) | collected("tiny")),
        ("train_sizes", [], collected("tiny", with_curves=False)),
        ("repeats.n_seeds", 3, of_seed("tiny", 2) | collected("tiny", with_curves=False)),
        ("repeats.n_splits", 3, of_split("tiny", 2, seed=2) | collected("tiny", with_curves=False)),
    ],
)
def test_changed_sizes_seeds_and_splits_run_only_their_jobs(changed, key, value, expected):
    assert would_run(changed(f"suite.{key}", value)) == expected


def test_an_added_dataset_reruns_no_models_of_the_others(changed, tmp_path):
    project = changed("suite.datasets", ["tiny", "other"])
    sha256 = write_archive(tmp_path / "other.tar.gz", seed=1)

    def add(settings: dict[str, Any]) -> None:
        entry = settings["datasets"]["tiny"] | {"archive": str(tmp_path / "other.tar.gz"), "sha256": sha256}
        settings["datasets"]["other"] = entry
        settings["suite"]["overrides"] = {"other": {"models": {"mlp": {"epochs": 2}}}}
        settings["audit"] = True

    project.configure(add)
    suite_jobs = of_size("other", 30) | of_seed("other", 1) | of_split("other", 1, seed=1)
    order = jobs("other", ["make_cv_splits"], "order")
    audits = jobs("other", AUDIT) | jobs(
        "tiny", [*AUDIT, "write_report", "explore_predictions", "run_checks"]
    )
    assert would_run(project) == whole_experiment("other") | audits | suite_jobs | order | collected("other")


def test_an_override_of_a_dataset_reruns_the_affected_jobs(changed):
    project = changed("suite.overrides", {"tiny": {"models": {"knn_pca": {"n_neighbors": 3}}}})
    runs = ["knn_pca", "knn_pca/train_30"]
    rerun = jobs("tiny", KNN_RULES, *runs) | jobs("tiny/split_1", KNN_RULES, "knn_pca")
    follow_up = jobs(
        "tiny", ["plot_model knn_pca", "compare_models", "plot_comparison", "write_report", *EXPLORER_RULES]
    )
    assert would_run(project) == rerun | follow_up | collected("tiny")


def test_explain_lists_the_jobs_and_changes_of_a_suite(changed):
    project = changed("suite.train_sizes", [30, 50])
    answer = project.cifarbench("explain", "--configfile", "config/tiny.yaml")
    assert answer.code == 0, answer.text
    assert "tiny, mlp/train_50" in answer.text
    assert "collect_results" in answer.text
    assert "train_sizes: [30] -> [30, 50]" in answer.text


# Further ones: tests/unit/config/test_validation.py.
@pytest.mark.parametrize(
    ("across_", "sentence"),
    [
        ({"datasets": ["tiny", "nowhere"]}, 'suite.datasets names "nowhere"; it must be one of the keys'),
        ({"datasets": ["digits"]}, "dataset is tiny; it must be one of suite.datasets, digits"),
        (
            {"overrides": {"nowhere": {}}},
            "suite.overrides.nowhere is not a dataset of this run; it must be one of tiny.",
        ),
        (
            {"test_sets": {"x": {"dataset": "tiny", "type": "cifar10_1", "archive": "nowhere"}}},
            "nowhere lacks cifar10.1_v6_data",
        ),
    ],
)
def test_invalid_suite_settings_are_refused(across, tmp_path, across_, sentence):
    project = across.copy(tmp_path / "study")
    project.configure(lambda settings: settings.update(suite=across_))
    answer = project.run("--dry-run")
    assert answer.code != 0
    assert sentence in answer.text
    assert "Traceback" not in answer.text


def test_shifted_test_sets_are_evaluated_as_the_own_test_images(changed, tmp_path):
    """Use the own test images in CIFAR-10.1's layout: the metrics of every model must be the same."""
    project = changed(
        "suite.test_sets", {"again": {"dataset": "tiny", "type": "cifar10_1", "archive": str(tmp_path)}}
    )
    images = np.load(project.results / "data/test_images.npy").reshape(-1, 3, 4, 4).transpose(0, 2, 3, 1)
    np.save(tmp_path / "cifar10.1_v6_data.npy", images)
    np.save(tmp_path / "cifar10.1_v6_labels.npy", np.load(project.results / "data/test_labels.npy"))
    answer = project.run()
    assert answer.code == 0, answer.text
    evaluations = jobs("tiny", ["evaluate_shifted_test_set"], "knn_pca again", "mlp again")
    assert answer.jobs_of_datasets == evaluations | collected("tiny", with_curves=False)
    for model in ("knn_pca", "mlp"):
        there = read_json(project.folder / f"results/suite/tiny/shifted/again/{model}.json")
        own = read_json(project.results / f"models/{model}/metrics.json")
        assert there.pop("provenance")["code_hash"] == own.pop("provenance")["code_hash"]
        assert there == own
    rows = read_csv(project.folder / "results/suite/runs.csv")
    assert {row["model"] for row in rows if row["test_set"] == "again"} == {"knn_pca", "mlp"}
