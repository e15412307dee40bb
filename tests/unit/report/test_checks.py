"""Checks of runs: each is raised by a planted fault, and none by a run without faults."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from altered import with_accuracy, with_fit, with_models, with_pair

from cifarbench.config.schema import load_schema
from cifarbench.io.atomic import save_npy, write_json
from cifarbench.io.csv_io import write_csv
from cifarbench.report import view as report
from cifarbench.report.checks import CHECKS, check_entries, find_issues
from cifarbench.report.checks.data import rows_checksum
from cifarbench.report.results import ModelResult, Results
from cifarbench.runtime.failures import Failure
from helpers import small_run

DOCS = Path(__file__).parents[3] / "docs/checks.md"


def codes(results: Results) -> list[str]:
    return [finding.code for finding in find_issues(results)]


def with_metrics(model: ModelResult, **values: Any) -> ModelResult:
    return replace(model, metrics={**model.metrics, **values})


def with_losses(model: ModelResult, losses: np.ndarray) -> ModelResult:
    rows = [
        {"epoch": epoch, "train_loss": 0.1, "test_loss": float(loss), "test_accuracy": 0.9}
        for epoch, loss in enumerate(losses)
    ]
    return replace(model, history=rows)


def with_verdict(results: Results, **values: Any) -> Results:
    return replace(results, verdict={**results.verdict, **values})


def with_files(results: Results, folder: Path, **contents: Any) -> Results:
    """Return the run with additional JSON files; a double underscore in a name is a slash."""
    files = dict(results.files)
    for name, content in contents.items():
        path = name.replace("__", "/") + ".json"
        write_json(folder / path, content)
        files[path] = folder / path
    return replace(results, files=files)


# ---- A run without faults ----


def test_a_run_without_faults_has_no_findings(sound: Results):
    assert [(finding.code, finding.values) for finding in find_issues(sound)] == []


def test_the_report_says_that_there_are_no_findings(sound: Results, tmp_path: Path):
    checked = with_files(sound, tmp_path, checks=check_entries(find_issues(sound)))
    html, markdown = report.render(checked, small_run.settings())
    assert "The checks of this study found nothing." in html
    assert "CB1" not in markdown


@pytest.fixture
def sound(run: Results) -> Results:
    """A run whose networks converge and have several seeds, and whose probabilities are calibrated."""
    flat = np.concatenate([np.linspace(2, 0.3, 30), np.full(30, 0.3)])
    noise = 0.01 * np.random.default_rng(0).normal(size=60)
    models = []
    for name in ("mlp", "mlp_batchnorm_dropout"):
        model = with_losses(run.models[name], flat + noise)
        models.append(replace(model, other_seeds=[replace(model, other_seeds=[])]))
    results = with_models(run, *models)
    calibrated = {"ece": 0.03, "ece_ci95": [0.01, 0.05]}
    results = with_models(results, *(with_metrics(model, **calibrated) for model in results.models.values()))
    # Remove the grid, so that no best value is at an edge and no family has more candidates.
    tuned = replace(results.models["knn_grid"], grid=[])
    return with_models(results, tuned)


# ---- Planted faults ----


def still_falling(results: Results) -> Results:
    return with_models(results, with_losses(results.models["mlp"], np.linspace(2, 0.5, 60)))


def rising(results: Results) -> Results:
    losses = np.concatenate([np.linspace(2, 0.3, 30), np.linspace(0.3, 0.6, 30)])
    return with_models(results, with_losses(results.models["mlp"], losses))


def best_at_the_edge(results: Results) -> Results:
    rows = [
        {"param_C": c, "split0_test_score": s, "split1_test_score": s + 0.01, "mean_test_score": s + 0.005}
        for c, s in ((0.1, 0.7), (1, 0.8), (10, 0.9))
    ]
    rows = [row | {"rank_test_score": 3 - i} for i, row in enumerate(rows)]
    return with_models(results, replace(results.models["mlp"], grid=rows))


def as_bad_as_guessing(results: Results) -> Results:
    return with_models(results, with_accuracy(results.models["knn_raw"], 0.1))


def one_family_tuned(results: Results) -> Results:
    best = results.ranking[0]
    others = [model for model in results.ranking if model.kind != best.kind]
    rows = [{"mean_test_score": 0.9, "rank_test_score": 1}] * 8
    results = with_models(results, replace(best, grid=rows))
    results = with_verdict(results, detectable={"difference": 0.005, "power": 0.8})
    return with_pair(results, best.name, others[0].name, (0.02, 0.04), 0.001)


def one_seed_each(results: Results) -> Results:
    names = ("mlp", "mlp_batchnorm_dropout")
    results = with_models(results, *(replace(results.models[name], other_seeds=[]) for name in names))
    networks = [model.name for model in results.all_ranked if model.history]
    return with_pair(results, *networks, (0.02, 0.04), 0.001)


def narrow_lead(results: Results) -> Results:
    first, second = results.ranking[:2]
    results = with_pair(results, first.name, second.name, (0.001, 0.02), 0.01)
    return with_verdict(results, detectable={"difference": 0.04, "power": 0.8})


def imbalanced(results: Results) -> Results:
    return with_verdict(results, class_counts=[1000, *[400] * 8, 100])


def overconfident(results: Results) -> Results:
    return with_models(results, with_metrics(results.models["mlp"], ece=0.2, ece_ci95=[0.15, 0.25]))


def blind_to_a_class(results: Results) -> Results:
    per_class = dict(results.models["mlp"].metrics["per_class"])
    name = next(iter(per_class))
    per_class[name] = {**per_class[name], "recall": 0.0}
    return with_models(results, with_metrics(results.models["mlp"], per_class=per_class))


def without_probabilities(results: Results) -> Results:
    return with_models(results, with_fit(results.models["knn_raw"], has_probabilities=False))


def few_images(results: Results) -> Results:
    return with_verdict(results, class_counts=[60] * 9 + [30])


def failed_seed(results: Results) -> Results:
    path = "models/mlp/seed_1/metrics.json"
    return replace(results, records={path: Failure("mlp", "train_network", "it broke.")})


def scored_on_other_images(results: Results) -> Results:
    other = {"test_set_hash": "other", "code_hash": ""}
    return with_models(results, with_metrics(results.models["mlp"], provenance=other))


FAULTS: dict[str, tuple[str, Callable[[Results], Results]]] = {
    "CB101": ("mlp", still_falling),
    "CB102": ("mlp", rising),
    "CB103": ("mlp", best_at_the_edge),
    "CB104": ("knn_raw", as_bad_as_guessing),
    "CB105": ("", one_family_tuned),
    "CB106": ("", one_seed_each),
    "CB107": ("", narrow_lead),
    "CB110": ("", imbalanced),
    "CB111": ("mlp", overconfident),
    "CB112": ("mlp", blind_to_a_class),
    "CB113": ("knn_raw", without_probabilities),
    "CB114": ("", few_images),
    "CB118": ("mlp", failed_seed),
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_planted_fault_raises_only_its_check(sound: Results, code: str):
    model, plant = FAULTS[code]
    findings = find_issues(plant(sound))
    assert {finding.code for finding in findings} == {code}
    assert not model or findings[0].model == model


def test_runs_scored_on_other_images_are_found(sound: Results):
    assert codes(scored_on_other_images(sound)) == ["CB118"]


@pytest.mark.parametrize(
    ("losses", "params"),
    [
        (np.full(60, 0.3), {}),
        # Oscillates.
        (0.3 + 0.05 * np.sin(np.arange(60)), {}),
        # Falls with the learning rate and has converged.
        (np.concatenate([np.linspace(2, 0.3, 54), np.full(6, 0.3)]), {"schedule": "linear"}),
        # Has too few epochs for the check.
        (np.linspace(2, 0.5, 6), {}),
        # Halves near 0.
        (np.concatenate([np.linspace(2, 2e-4, 30), np.linspace(2e-4, 1e-4, 30)]), {}),
    ],
)
def test_converged_trainings_are_not_undertrained(sound: Results, losses: np.ndarray, params: dict):
    model = with_losses(sound.models["mlp"], losses)
    model = with_fit(model, params=model.params | params)
    assert codes(with_models(sound, model)) == []


def test_large_differences_need_no_additional_seeds(sound: Results):
    networks = [model.name for model in sound.all_ranked if model.history]
    large = with_pair(one_seed_each(sound), *networks, (0.06, 0.09), 0.001)
    assert "CB106" not in codes(large)


def test_overfitting_is_not_reported_with_early_stopping(sound: Results):
    model = with_fit(rising(sound).models["mlp"], early_stopping={"best_epoch": 29})
    assert codes(with_models(sound, model)) == []


@pytest.mark.parametrize(
    "scores",
    [
        # Best value in the interior; only two values; flat scores; best value at the limit of the parameter.
        {0.1: 0.7, 1: 0.9, 10: 0.8},
        {0.1: 0.7, 1: 0.9},
        {0.1: 0.89, 1: 0.8999, 10: 0.9},
        {0: 0.9, 1: 0.8, 10: 0.7},
    ],
)
def test_grids_without_a_best_value_at_an_extensible_edge(sound: Results, scores: dict[float, float]):
    rng = np.random.default_rng(0)
    rows = []
    for value, score in scores.items():
        folds = score + 0.01 * rng.normal(size=3)
        rows.append(
            {
                "param_C": value,
                "mean_test_score": score,
                "rank_test_score": 1 + sum(s > score for s in scores.values()),
            }
            | {f"split{i}_test_score": float(fold) for i, fold in enumerate(folds)}
        )
    model = replace(sound.models["mlp"], grid=rows)
    assert "CB103" not in codes(with_models(sound, model))


# ---- Faults in the data ----


def audited(results: Results, folder: Path, n_leaked: int, n_wrong: int) -> Results:
    pairs = {
        "split_a": ["train"] * n_leaked,
        "index_a": list(range(n_leaked)),
        "split_b": ["test"] * n_leaked,
        "index_b": list(range(n_leaked)),
        "type": ["identical"] * n_leaked,
        "score": [1.0] * n_leaked,
    }
    labels = {"split": ["train"] * n_wrong, "index": list(range(n_wrong)), "issue_score": [0.9] * n_wrong}
    files = dict(results.files)
    for name, columns in (("duplicates", pairs), ("label_issues", labels), ("image_issues", {"split": []})):
        write_csv(folder / f"audit/{name}.csv", columns)
        files[f"audit/{name}.csv"] = folder / f"audit/{name}.csv"
    results = replace(results, files=files)
    return with_files(results, folder, audit__duplicates={}, audit__label_issues={}, audit__class_counts={})


@pytest.mark.parametrize(
    ("n_leaked", "n_wrong", "expected"),
    [(0, 0, []), (3, 30, []), (9, 0, ["CB108"]), (0, 60, ["CB109"])],
)
def test_duplicates_and_label_issues_above_their_limits_are_found(
    sound: Results, tmp_path: Path, n_leaked: int, n_wrong: int, expected: list[str]
):
    assert codes(audited(sound, tmp_path, n_leaked, n_wrong)) == expected


def test_features_fitted_to_held_out_folds_are_found(sound: Results, tmp_path: Path):
    n_train = sound.dataset["n_train"]
    save_npy(tmp_path / "splits/folds_of_3.npy", (np.arange(n_train) % 3).astype(np.uint8))
    split = [tmp_path / "splits/folds_of_3.npy"]
    right = {"fitted__pca__all": {"rows_sha256": rows_checksum("all", n_train, [])}}
    fold = {"fitted__pca__fold_0_of_3": {"rows_sha256": rows_checksum("fold_0_of_3", n_train, split)}}
    results = replace(sound, files=sound.files | {"splits/folds_of_3.npy": split[0]})
    assert codes(with_files(results, tmp_path, **right, **fold)) == []
    # Fitted to all images instead of the training images of the fold.
    fold["fitted__pca__fold_0_of_3"] = right["fitted__pca__all"]
    (finding,) = find_issues(with_files(results, tmp_path, **right, **fold))
    assert (finding.code, finding.values) == ("CB115", {"file": "fitted/pca/fold_0_of_3.json"})


@pytest.mark.parametrize(
    ("name", "accuracy", "p_value", "expected"),
    [
        ("file_type", 0.2, 1e-6, ["CB116"]),
        ("image_size", 0.2, 0.01, []),
        ("brightness", 0.3, 1e-9, []),
        # The accuracy exceeds half of the best model's gain, but the interval's lower end does not.
        ("brightness", 0.56, 1e-9, []),
        ("brightness", 0.8, 1e-9, ["CB116"]),
        ("border_color", 0.9, 1e-9, ["CB116"]),
    ],
)
def test_shortcuts_above_their_limits_are_found(
    sound: Results, tmp_path: Path, name: str, accuracy: float, p_value: float, expected: list[str]
):
    probe = {"accuracy": accuracy, "accuracy_low": accuracy - 0.05, "chance": 0.1, "p_value": p_value}
    found = {"properties": {name: probe}, "train_test_shift": {"auc": 0.52, "auc_ci95": [0.48, 0.56]}}
    assert codes(with_files(sound, tmp_path, audit__shortcuts=found)) == expected


def test_a_test_set_of_another_origin_is_found(sound: Results, tmp_path: Path):
    found = {"properties": {}, "train_test_shift": {"auc": 0.8, "auc_ci95": [0.7, 0.9]}}
    assert codes(with_files(sound, tmp_path, audit__shortcuts=found)) == ["CB117"]


# ---- The list, the report and the page ----


def test_findings_are_written_with_their_numbers_and_muted(sound: Results, tmp_path: Path):
    entries = check_entries(find_issues(blind_to_a_class(imbalanced(sound))), muted=["CB110"])
    first, second = entries
    assert {
        "code": "CB110",
        "name": "imbalanced_accuracy",
        "severity": "warning",
        "muted": True,
    }.items() <= first.items()
    assert "100 to 1,000 training images" in first["message"]
    assert first["remedy"] == "Set `metric: balanced_accuracy`."
    assert (second["code"], second["model"], second["muted"]) == ("CB112", "mlp", False)
    assert second["page"] == "docs/checks.md#cb112"
    html, markdown = report.render(with_files(sound, tmp_path, checks=entries), small_run.settings())
    for text in (html, markdown):
        assert "CB110" in text
        assert "muted" in text
    russian, _ = report.render(with_files(sound, tmp_path, checks=entries), small_run.settings("ru"))
    assert "классах от 100 до 1" in russian


def test_each_check_has_a_section_of_the_page_and_a_test():
    page = DOCS.read_text()
    for code, check in CHECKS.items():
        assert re.search(rf"^## {code}\n\n`{check.name}`: ", page, re.MULTILINE), code
        assert f"| [{code}](#{code.lower()}) | `{check.name}` | {check.severity} |" in page
    assert load_schema()["properties"]["mute"]["items"]["enum"] == [*CHECKS]
    tested_separately = {"CB108", "CB109", "CB115", "CB116", "CB117"}
    assert {*FAULTS} | tested_separately == {*CHECKS}
