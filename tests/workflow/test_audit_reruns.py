"""What keys of the audit run, to the exact set of jobs."""

import numpy as np
import pytest

from cifarbench.io.atomic import read_json
from helpers.tiny import N_TRAIN


def test_an_audit_that_is_not_wanted_any_more(project):
    project.configure(lambda settings: settings.update(audit=False))
    assert project.would_run() == {"write_report"}


def test_images_that_are_left_out(project, tmp_path):
    """What is left out is part of the data, and where the list lies is not."""
    for name in ("one.csv", "other.csv"):
        (tmp_path / name).write_text("split,index\ntrain,3\ntest,1\n")
    project.configure(lambda settings: settings.update(exclude=str(tmp_path / "one.csv")))
    everything = project.would_run("--forceall") - {"download_dataset"}
    assert project.would_run() == everything
    project.succeed(targets=("data/dataset.json",))
    assert len(np.load(project.results / "data/train_labels.npy")) == N_TRAIN - 1
    project.configure(lambda settings: settings.update(exclude=str(tmp_path / "other.csv")))
    assert project.would_run(targets=("data/dataset.json",)) == set()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "can't be read"),
        ("split,index\nvalid,3\n", "write train or test"),
        ("split,index\ntrain,-3\n", "write train or test"),
        ("a,b\n1,2\n", "has no columns split and index"),
    ],
)
def test_a_list_that_is_none_is_refused_before_any_work(project, tmp_path, text, sentence):
    if text is not None:
        (tmp_path / "list.csv").write_text(text)
    project.configure(lambda settings: settings.update(exclude=str(tmp_path / "list.csv")))
    answer = project.run("--dry-run")
    assert answer.code != 0
    assert sentence in answer.text
    assert "Traceback" not in answer.text


# ---- Worse images ----


def test_models_that_are_asked_about_worse_images(project):
    """Runs for real, for one model: its corruptions alone run, and nothing when they are asked for again."""
    project.configure(lambda settings: settings.update(robustness={"severities": [5]}, compare=["knn_pca"]))
    asked = {"evaluate_corruptions knn_pca", "plot_robustness"}
    compared = {"compare_models", "plot_comparison", "evaluate_without_issues", "write_report"}
    assert project.succeed() == asked | compared
    assert project.would_run() == set()
    project.configure(lambda settings: settings.update(robustness={"severities": [1, 5]}))
    assert project.would_run() == asked | {"write_report"}
    project.edit("scripts/cifarbench/robustness/image_ops.py", "# An edit.\n")
    assert project.would_run() == asked | {"write_report"}
    found = read_json(project.results / "models/knn_pca/robustness.json")
    assert len(found["accuracy"]) == 15
