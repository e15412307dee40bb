"""Jobs that changes of the keys audit, exclude, relabel, explorer and robustness run."""

import numpy as np

from cifarbench.io.atomic import read_json
from helpers.tiny import N_TRAIN


def test_an_audit_switched_off_reruns_the_report(project):
    project.configure(lambda settings: settings.update(audit=False))
    assert project.would_run() == {"write_report", "explore_predictions", "run_checks"}


def test_excluded_images_rerun_everything_of_the_dataset(project, tmp_path):
    """The content of the list counts, but not its path."""
    for name in ("one.csv", "other.csv"):
        (tmp_path / name).write_text("split,index\ntrain,3\ntest,1\n")
    project.configure(lambda settings: settings.update(exclude=str(tmp_path / "one.csv")))
    everything = project.would_run("--forceall") - {"download_dataset"}
    assert project.would_run() == everything
    project.succeed(targets=("data/dataset.json",))
    assert len(np.load(project.results / "data/train_labels.npy")) == N_TRAIN - 1
    project.configure(lambda settings: settings.update(exclude=str(tmp_path / "other.csv")))
    assert project.would_run(targets=("data/dataset.json",)) == set()


def test_new_labels_rerun_everything_of_the_dataset(project, tmp_path):
    labels = np.load(project.results / "data/test_labels.npy")
    classes = read_json(project.results / "data/dataset.json")["classes"]
    other = (int(labels[1]) + 1) % len(classes)
    (tmp_path / "labels.csv").write_text(f"split,index,label\ntest,1,{classes[other]}\n")
    project.configure(lambda settings: settings.update(relabel=str(tmp_path / "labels.csv")))
    assert project.would_run() == project.would_run("--forceall") - {"download_dataset"}
    project.succeed(targets=("data/dataset.json",))
    assert np.load(project.results / "data/test_labels.npy").tolist() == [labels[0], other, *labels[2:]]


def test_an_explorer_without_its_map_reruns_the_explorer(project):
    project.configure(lambda settings: settings.update(explorer={"map": False}))
    assert project.succeed() == {"explore_predictions"}
    assert project.would_run() == set()


def test_an_invalid_exclude_list_is_refused_before_any_job(project, tmp_path):
    (tmp_path / "list.csv").write_text("split,index\nvalid,3\n")
    project.configure(lambda settings: settings.update(exclude=str(tmp_path / "list.csv")))
    answer = project.run("--dry-run")
    assert answer.code != 0
    assert "write train or test" in answer.text
    assert "Traceback" not in answer.text


def test_corruptions_run_for_each_model_and_nothing_else(project):
    project.configure(lambda settings: settings.update(robustness={"severities": [5]}, compare=["knn_pca"]))
    robustness_jobs = {"evaluate_corruptions knn_pca", "plot_robustness"}
    comparison_jobs = {"compare_models", "plot_comparison", "evaluate_without_issues", "write_report"}
    comparison_jobs |= {"embed_test_images", "explore_predictions", "run_checks"}
    assert project.succeed() == robustness_jobs | comparison_jobs
    assert project.would_run() == set()
    project.configure(lambda settings: settings.update(robustness={"severities": [1, 5]}))
    assert project.would_run() == robustness_jobs | {"write_report"}
    project.edit("scripts/cifarbench/robustness/image_ops.py", "# An edit.\n")
    assert project.would_run() == robustness_jobs | {"write_report"}
    found = read_json(project.results / "models/knn_pca/robustness.json")
    assert len(found["accuracy"]) == 15
