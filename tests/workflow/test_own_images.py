"""The user's own images in the whole workflow: the first run, and the jobs that a change of the images runs."""

import csv
import os

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from cifarbench.cli.file_reference import load_files
from cifarbench.evaluation.statistics import wilson_interval
from cifarbench.io.atomic import read_json
from helpers.own_images import write_class_folders
from helpers.project import Project

CONFIGURATION = {
    "dataset": "pics",
    "images": "pics",
    "preset": "none",
    "audit": False,
    "compare": ["one"],
    "features": {},
    "models": {"one": {"family": "knn", "n_neighbors": 1}},
}
JOBS = {"read_images", "make_train_test_split", "predict_knn one", "evaluate_model one", "plot_model one"}
JOBS |= {"compare_models", "plot_comparison", "run_checks", "write_report"}
JOBS |= {"embed_test_images", "explore_predictions"}
SPLIT = "my_split.csv"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run on 3 x 10 digits and one file that is not an image."""
    project = Project.create(tmp_path_factory.mktemp("own") / "project", CONFIGURATION)
    write_class_folders(project.folder / "pics", 10)
    (project.folder / "pics/one/broken.png").write_bytes(b"no image")
    assert project.succeed() == JOBS
    return project


@pytest.fixture
def project(finished, tmp_path):
    return finished.copy(tmp_path / "project")


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_files_of_a_run(finished):
    data = finished.results / "data"
    (skipped,) = rows(data / "skipped.csv")
    assert skipped["file"] == "one/broken.png" and "can't be read as an image" in skipped["reason"]
    split = rows(data / "split.csv")
    assert len(split) == 30 and sum(row["split"] == "test" for row in split) == 6
    documented = {file["path"]: file for group in load_files() for file in group["files"]}
    for name in ("data/images.csv", "data/skipped.csv", "data/split.csv"):
        assert set(rows(finished.results / name)[0]) == set(documented[name]["columns"])
    report = (finished.results / "report.md").read_text()
    assert "Images that could not be read and were left out: 1 (data/skipped.csv)." in report
    assert "divided at random, stratified by class" in report


def add(folder):
    Image.new("L", (8, 8), 99).save(folder / "one/new.png")


def replace(folder):
    Image.new("L", (8, 8), 99).save(folder / "one/010.png")


CHANGES = {
    "added": add,
    "removed": lambda folder: (folder / "one/010.png").unlink(),
    "relabelled": lambda folder: (folder / "one/010.png").rename(folder / "two/010.png"),
    "replaced": replace,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_images_runs_everything(project, change):
    CHANGES[change](project.folder / "pics")
    assert project.would_run() == JOBS


def test_modification_times_run_nothing(project):
    for path in (project.folder / "pics").rglob("*.png"):
        os.utime(path, (1, 1))
    assert project.would_run() == set()


def test_an_edited_split_reads_no_image_again(project):
    split = (project.results / "data/split.csv").read_text()
    (project.folder / SPLIT).write_text(split)
    assert project.would_run("--config", f"split={SPLIT}") == JOBS - {"read_images"}
    assert project.succeed("--config", f"split={SPLIT}") == JOBS - {"read_images"}
    lines = split.splitlines()
    row = next(number for number, line in enumerate(lines) if line.endswith(",,train"))
    lines[row] = lines[row].replace(",train", ",test")
    (project.folder / SPLIT).write_text("\n".join(lines))
    assert project.would_run("--config", f"split={SPLIT}") == JOBS - {"read_images"}


def test_few_images_are_cross_validated(tmp_path):
    """Each prediction is that of a fit without the image's fold; in lists of images, all are test images."""
    few = {"datasets": {"pics": {"type": "images", "archive": "pics", "n_folds": 5}}}
    project = Project.create(tmp_path / "project", CONFIGURATION | few)
    write_class_folders(project.folder / "pics", 10)
    (project.folder / "dropped.csv").write_text("split,index\ntest,4\n")
    fits = {f"predict_knn one/fold_{fold}_of_5" for fold in range(5)}
    arguments = ("--config", "exclude=dropped.csv")
    assert project.succeed(*arguments) == JOBS | fits | {"make_cv_splits folds_of_5"}
    data = project.results / "data"
    images, labels = np.load(data / "test_images.npy"), np.load(data / "test_labels.npy")
    assert len(images) == 29 and np.array_equal(images, np.load(data / "train_images.npy"))
    folds = np.load(project.results / "splits/folds_of_5.npy")
    written = [int(row["split"][-1]) - 1 for row in rows(data / "split.csv")]
    assert folds.tolist() == written[:4] + written[5:]
    knn = KNeighborsClassifier(1)
    expected = cross_val_predict(knn, images.astype(float), labels, cv=PredefinedSplit(folds))
    found = np.load(project.results / "models/one/predictions.npz")
    assert np.array_equal(found["y_pred"], expected) and np.array_equal(found["y_true"], labels)
    metrics = read_json(project.results / "models/one/metrics.json")
    n_right = int((expected == labels).sum())
    assert metrics["accuracy_ci95"] == pytest.approx(wilson_interval(n_right, 29, 0.8))
    report = (project.results / "report.md").read_text()
    assert "1 model, cross-validated on 29 images of 3 classes." in report
    assert "differences between models can't be judged" in report
    assert project.would_run(*arguments) == set()


def test_new_labels_and_dropped_images_read_no_image_again(project):
    """The lists are as downloaded from the explorer and the audit page."""
    (project.folder / "labels.csv").write_text("split,index,label\ntest,0,two\n")
    (project.folder / "dropped.csv").write_text("split,index\ntest,5\ntrain,2\n")
    lists = ("--config", "relabel=labels.csv", "exclude=dropped.csv")
    before = np.load(project.results / "data/test_labels.npy")
    files = read_json(project.results / "data/dataset.json")["files"]["test"]
    assert project.succeed(*lists) == JOBS - {"read_images"}
    dataset = read_json(project.results / "data/dataset.json")
    new = dataset["classes"].index("two")
    assert np.load(project.results / "data/test_labels.npy").tolist() == [new, *before[1:5]]
    assert (dataset["n_train"], dataset["n_test"]) == (23, 5)
    # Indices in lists and in the table of files are those before any image is dropped.
    assert dataset["files"]["test"] == files
