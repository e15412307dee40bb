"""Tuning of every family, which uses folds of the training images only."""

from pathlib import Path
from typing import Any

import pytest
from test_whole_run import read_json, read_rows

from helpers.project import Project
from helpers.tiny import configuration, write_archive

TUNED: dict[str, Any] = {
    "knn_cosine": {
        "family": "knn",
        "features": "pca",
        "metric": "cosine",
        "tune": {"folds": 2, "grid": {"n_neighbors": [1, 3, 5], "weights": ["uniform", "distance"]}},
    },
    "svm": {
        "family": "estimator",
        "features": "discriminants",
        "estimator": "sklearn.svm.LinearSVC",
        "tune": {"folds": 2, "grid": {"C": [0.01, 1.0], "pca__n_components": [2, 6]}},
    },
    "network": {
        "family": "mlp",
        **{"hidden_dim": 8, "batch_norm": False, "dropout": 0.0, "batch_size": 16},
        "tune": {"folds": 2, "n": 3, "space": {"learning_rate": {"log": [0.1, 0.4]}, "epochs": [2, 4]}},
    },
}
CHOSEN = [f"models/{model}/{file}" for model in TUNED for file in ("cv_results.csv", "best_params.json")]
FITTED = [f"models/{model}/fit.json" for model in TUNED]
SCORED = "models/knn_cosine/metrics.json"
PLOT = "figures/network/grid_search.svg"


def tuned(folder: Path, *targets: str, **archive: Any) -> Project:
    """Create a project with three tuned models of different families, and run the jobs of targets."""
    folder.mkdir(exist_ok=True)
    overlay = configuration(folder / "tiny.tar.gz", write_archive(folder / "tiny.tar.gz", **archive))
    overlay["features"]["discriminants"] = {"type": "lda", "features": "pca"}
    overlay["models"] |= TUNED
    project = Project.create(folder / "study", overlay | {"compare": list(TUNED), "audit": False})
    project.succeed(targets=targets)
    return project


@pytest.fixture(scope="module")
def study(made_once) -> Project:
    folder = made_once("tuned", lambda folder: tuned(folder, *CHOSEN, *FITTED, SCORED, PLOT))
    return Project(folder / "study", "tiny")


def test_every_family_has_a_table_of_candidates_and_uses_the_best(study):
    columns = {
        "knn_cosine": ["param_n_neighbors", "param_weights"],
        "svm": ["param_estimator__C", "param_pca__n_components"],
        "network": ["param_epochs", "param_learning_rate"],
    }
    for model, names in columns.items():
        folder = study.results / "models" / model
        rows = read_rows(folder / "cv_results.csv")
        assert [name for name in rows[0] if name.startswith("param_")] == names
        assert len(rows) == {"knn_cosine": 6, "svm": 4, "network": 3}[model]
        best = next(row for row in rows if row["rank_test_score"] == "1")
        params = read_json(folder / "fit.json")["params"]
        assert {name: str(params[name.rpartition("__")[2].removeprefix("param_")]) for name in names} == {
            name: best[name] for name in names
        }
        assert read_json(folder / "fit.json")["tuning_seconds"] > 0
    assert len(read_rows(study.results / "models/network/history.csv")) in (2, 4)


def test_a_larger_random_search_runs_only_the_new_candidate(study, tmp_path):
    project = study.copy(tmp_path / "more")
    target = "models/network/cv_results.csv"
    assert project.would_run(targets=(target,)) == set()
    project.configure(lambda settings: settings["models"]["network"]["tune"].update(n=4))
    jobs = sorted(job.split() for job in project.would_run(targets=(target,)))
    assert [job[0] for job in jobs] == ["cross_validate_network"] * 2 + ["select_best_params"]
    assert jobs[0][-1] == jobs[1][-1]
    project.succeed(targets=(target,))
    scores = [[row["mean_test_score"] for row in read_rows(one.results / target)] for one in (project, study)]
    assert scores[0][:3] == scores[1]
    svg = (study.results / PLOT).read_text()
    assert "Cross-validated accuracy of the 3 candidates of network" in svg


def test_shuffled_test_labels_do_not_change_the_best_parameters(study, tmp_path):
    random = tuned(tmp_path / "random", *CHOSEN, SCORED, random_test_labels=True)
    for pattern in ("models/*/cv_results.csv", "models/*/best_params.json"):
        assert random.checksums(pattern) == study.checksums(pattern)
    # The shuffled labels change the scores on the test images.
    assert random.checksums(SCORED) != study.checksums(SCORED)
