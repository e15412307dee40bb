"""User-defined models: a configuration and a file, without changes of the library."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from test_reruns import COMPARED, computed, jobs, set_key
from test_whole_run import read_rows

from helpers.project import Project

SMALL = """
from torch import nn

from layers import convolution


class Small(nn.Module):
    def __init__(self, image_shape, n_classes, width=4):
        super().__init__()
        channels, height, width_of_images = image_shape
        self.layers = nn.Sequential(
            convolution(channels, width),
            nn.MaxPool2d(4),
            nn.Flatten(),
            nn.Linear(width * (height // 4) * (width_of_images // 4), n_classes),
        )

    def forward(self, images):
        return self.layers(images)


class Wide(Small):
    def forward(self, images):
        print("I am no sentence of the workflow's.")
        return super().forward(images)[:, :3]


class Deadly(Small):
    def forward(self, images):
        import os

        os.abort()
"""
LAYERS = """
from torch import nn


def convolution(channels, width):
    return nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU())
"""
BROKEN = """
from torch import nn


class Broken(nn.Module):
    def __init__(self, image_shape, n_classes):
        super().__init__()
        self.layer = nn.Linear(image_shape[1], n_classes)

    def forward(self, images):
        # As many as are tried before a run; a training has more.
        if len(images) > 4:
            raise RuntimeError("out of luck")
        return self.layer(images.mean(dim=(1, 2)))
"""
# A configuration as in the documentation and as users write it.
OWN = """
features:
  edges: {type: hog}
  few: {type: pca, n_components: 32}
models:
  svm_edges: {family: estimator, features: edges, estimator: sklearn.svm.LinearSVC, params: {C: 0.1}}
  forest_few: {family: estimator, features: few, estimator: sklearn.ensemble.RandomForestClassifier}
  own_net: {family: network, module: "my_models/small.py:Small", params: {width: 8}, epochs: 5, learning_rate: 0.05, batch_size: 64}
compare: [knn_pca, svm_edges, forest_few, own_net]
"""  # noqa: E501
MODELS = ["knn_pca", "svm_edges", "forest_few", "own_net"]


@pytest.fixture(scope="session")
def finished_own(made_once) -> Project:
    """A finished run of the digits with one of the demo's models and three others. Tests must not change it."""
    checkout = Path(__file__).parents[2]
    overlay = yaml.safe_load((checkout / "config/digits.yaml").read_text())
    own = yaml.safe_load(OWN)
    overlay = overlay | own | {"features": overlay["features"] | own["features"]}
    overlay["models"] = overlay["models"] | own["models"]
    # The audit of the images does not depend on the models.
    overlay["audit"] = False

    def run(folder: Path) -> None:
        project = Project.create(folder / "study", overlay)
        (project.folder / "my_models").mkdir()
        for name, text in (("small", SMALL), ("layers", LAYERS), ("broken", BROKEN)):
            (project.folder / f"my_models/{name}.py").write_text(text)
        answer = project.run()
        assert answer.code == 0, answer.text

    return Project(made_once("finished_own", run) / "study", overlay["dataset"])


@pytest.fixture
def own(finished_own: Project, tmp_path: Path) -> Project:
    """A copy of the finished run."""
    return finished_own.copy(tmp_path / "study")


def test_each_model_has_a_row_with_its_family_label(finished_own):
    table = {row["model"]: row for row in read_rows(finished_own.results / "comparison.csv")}
    assert list(table) == MODELS
    assert {name: row["family_label"] for name, row in table.items()} == {
        "knn_pca": "nearest neighbours",
        "svm_edges": "linear models",
        "forest_few": "trees and forests",
        "own_net": "user-defined networks",
    }
    assert [row["features"] for row in table.values()] == ["pca", "edges", "few", ""]
    assert all(float(row["accuracy"]) > 0.8 for row in table.values())
    # Linear models and networks have a number of parameters; a model without probabilities has no calibration error.
    assert [bool(row["n_parameters"]) for row in table.values()] == [False, True, False, True]
    assert [bool(row["ece"]) for row in table.values()] == [True, False, True, True]
    assert len(read_rows(finished_own.results / "paired_tests.csv")) == 6


def test_each_model_writes_the_required_files_and_its_estimator(finished_own):
    models = finished_own.results / "models"
    for name in MODELS:
        with np.load(models / name / "predictions.npz") as arrays:
            np.testing.assert_allclose(arrays["proba"].sum(axis=1), 1, rtol=1e-5)
        assert json.loads((models / name / "fit.json").read_text())["model"] == name
    assert {name for name in MODELS if (models / name / "estimator.skops").exists()} == {
        "svm_edges",
        "forest_few",
    }
    assert {name for name in MODELS if (models / name / "history.csv").exists()} == {"own_net"}
    assert {path.parent.name for path in finished_own.results.glob("figures/*/training.svg")} == {"own_net"}


def test_the_report_describes_each_model(finished_own):
    page = (finished_own.results / "report.html").read_text()
    for words in ("Linear models on", "Trees and forests on", "User-defined networks on pixels"):
        assert words in page
    assert "gives no probabilities" in page
    # The notebook's claims on perceptrons and grids do not apply to other models.
    assert "perceptron" not in page.lower()
    assert "best kNN" not in page
    markdown = (finished_own.results / "report.md").read_text()
    assert all(f"`{name}`" in markdown for name in MODELS)


# ---- Jobs that a change runs ----


def scored(*models: str) -> set[str]:
    return jobs(["evaluate_model", "plot_model"], *models) | COMPARED


SVM = jobs(["fit_estimator", "predict_estimator"], "svm_edges") | scored("svm_edges")
NETWORK = jobs(["train_network", "summarize_training_curve", "plot_training_curves"], "own_net")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("models.svm_edges.params.C", 0.2, SVM),
        ("models.own_net.params.width", 6, NETWORK | scored("own_net")),
        ("features.edges.orientations", 6, computed("edges") | SVM),
    ],
)
def test_a_change_runs_the_affected_jobs(finished_own, own, key, value, expected):
    own.configure(lambda settings: set_key(settings, key, value))
    assert own.would_run() == expected


@pytest.mark.parametrize("name", ["small", "layers"])
def test_an_edited_user_module_reruns_the_models_that_import_it(own, name):
    own.edit(f"my_models/{name}.py", "# An edit.\n")
    assert own.would_run() == NETWORK | scored("own_net")


# ---- Models that fail ----


def test_a_failed_model_is_a_row_with_its_error(own):
    broken = {"module": "my_models/broken.py:Broken", "epochs": 2, "learning_rate": 0.1, "batch_size": 64}

    def add(settings: dict[str, Any]) -> None:
        settings["models"]["broken"] = {"family": "network", **broken}
        settings["compare"].append("broken")

    own.configure(add)
    answer = own.run()
    assert answer.code not in (0, None)
    assert "broken failed in train_network: RuntimeError: out of luck" in answer.text
    table = {row["model"]: row for row in read_rows(own.results / "comparison.csv")}
    assert list(table) == [*MODELS, "broken"]
    assert table["broken"]["error"] == "train_network: RuntimeError: out of luck"
    assert table["broken"]["accuracy"] == ""
    assert all(not table[name]["error"] for name in MODELS)
    page = (own.results / "report.html").read_text()
    assert "RuntimeError: out of luck" in page
    # This is not a finished run, and the failed jobs run again.
    assert len(list((own.results / "history").iterdir())) == 1
    assert jobs(["train_network", "evaluate_model", "plot_model"], "broken") < own.would_run()

    text = BROKEN.replace("len(images) > 4", "len(images) > 1000")
    (own.folder / "my_models/broken.py").write_text(text)
    assert "train_network own_net" not in own.succeed()
    assert (
        float({row["model"]: row for row in read_rows(own.results / "comparison.csv")}["broken"]["accuracy"])
        > 0
    )
    assert own.would_run() == set()


# ---- Invalid settings ----


# Further ones: tests/unit/config/test_validation.py, tests/unit/io/test_user_code.py, and those of each family.
@pytest.mark.parametrize(
    "mistakes",
    [
        # Models are built to be checked, each separately.
        {
            ("models.svm_edges.estimator", "sklearn.svm.LinearSVCC"): "sklearn.svm has no LinearSVCC",
            (
                "models.own_net.module",
                "my_models/small.py:Wide",
            ): "its forward returns (4, 3) for a batch of 4",
        },
        {("models.own_net.module", "my_models/small.py:Deadly"): "models.own_net can't be built ("},
        {("models.svm_edges.features", "edgs"): 'models.svm_edges.features is "edgs"; it must be one of'},
    ],
    ids=lambda mistakes: " ".join(value for _, value in mistakes),
)
def test_invalid_models_are_refused_before_any_job(own, mistakes):
    for key, value in mistakes:
        own.configure(partial(set_key, key=key, value=value))
    answer = own.run("--dry-run")
    assert answer.code == 1
    assert all(sentence in answer.text for sentence in mistakes.values())
    assert answer.text.count("Error:") == len(mistakes)
    assert "Traceback" not in answer.text
    assert "I am no sentence" not in answer.text
