"""What an audit found, on its own page and in the report: real scripts on real images with faults made on purpose."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_run
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import find_duplicates
import inspect_images
import judge_labels
import weigh_faults
import write_audit
from cifarbench.report.language import languages
from cifarbench.report.page import render
from cifarbench.report.results import Run
from cifarbench.study.files import read_json, write_array, write_json
from cifarbench.study.tables import read_rows

N_FLIPPED = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run whose training images hold copies of test images, wrong labels and a constant image."""
    folder = tmp_path_factory.mktemp("audited") / "run"
    shutil.copytree(small_run.shared(), folder)
    data, audit = folder / "data", folder / "audit"
    test = np.load(data / "test_images.npy")
    pixels, target = load_digits(return_X_y=True)
    rows, _ = train_test_split(
        np.arange(len(target)), test_size=small_run.N_TEST, random_state=0, stratify=target
    )
    train, labels = (pixels[rows[:600]] * 15.9).astype(np.uint8), target[rows[:600]]
    test_labels = np.load(folder / "models/knn_raw/predictions.npz")["y_true"].astype(np.int64)
    labels[:N_FLIPPED] = (labels[:N_FLIPPED] + 3) % 10
    train[10], labels[10] = test[7], test_labels[7]
    train[11] = 90
    about = read_json(data / "dataset.json") | {"n_train": len(train), "n_test": len(test)}
    write_json(data / "dataset.json", about)
    for name, array in (("train_images", train), ("train_labels", labels), ("test_labels", test_labels)):
        write_array(data / f"{name}.npy", array)
    images = {name: data / f"{name}.npy" for name in ("train_images", "test_images")}
    both = images | {name: data / f"{name}.npy" for name in ("train_labels", "test_labels")}
    dataset = data / "dataset.json"
    settings = {"seed": 0, "flippable": False}
    find_duplicates.main(
        **images,
        dataset=dataset,
        table=audit / "duplicates.csv",
        summary=audit / "duplicates.json",
        settings=settings,
    )
    judge_labels.main(
        **both, dataset=dataset, table=audit / "labels.csv", summary=audit / "labels.json", settings=settings
    )
    means, classes = audit / "means.npy", audit / "classes.json"
    inspect_images.main(**both, dataset=dataset, table=audit / "images.csv", means=means, summary=classes)
    weigh_faults.main(
        predictions=[folder / f"models/{model}/predictions.npz" for model in small_run.MODELS],
        duplicates=audit / "duplicates.csv",
        labels=audit / "labels.csv",
        dataset=dataset,
        effects=audit / "effects.json",
        settings={"models": [*small_run.MODELS], "seed": 0},
    )
    return folder


def audit_page(folder: Path, language: str = "en") -> str:
    audit, data = folder / "audit", folder / "data"
    page = folder / "audit.html"
    files = [path for path in audit.iterdir() if path.suffix in (".csv", ".json")]
    images = {name: data / f"{name}.npy" for name in ("train_images", "test_images")}
    write_audit.main(
        files,
        data / "dataset.json",
        **images,
        means=audit / "means.npy",
        page=page,
        settings={"language": language},
    )
    return page.read_text()


def report(folder: Path, language: str = "en") -> tuple[str, str]:
    run = Run.read(folder, small_run.files(folder))
    return render(run, small_run.settings(language))


def test_the_tables_hold_what_was_made(folder: Path) -> None:
    pairs = read_rows(folder / "audit/duplicates.csv")
    first = pairs[0]
    assert [first[name] for name in ("split_a", "index_a", "split_b", "index_b")] == ["train", 10, "test", 7]
    assert (first["kind"], first["score"]) == ("identical", 1.0)
    doubtful = [row["index"] for row in read_rows(folder / "audit/labels.csv") if row["split"] == "train"]
    assert len(set(range(N_FLIPPED)) & set(doubtful)) >= N_FLIPPED - 1
    odd = [(row["split"], row["index"], row["reason"]) for row in read_rows(folder / "audit/images.csv")]
    assert odd[0] == ("train", 11, "constant")


@pytest.mark.parametrize("language", languages())
def test_the_page_shows_pairs_labels_and_classes(folder: Path, language: str) -> None:
    html = audit_page(folder, language)
    assert html.count('<section id="') == 6
    assert html.count("<img") >= 2 + N_FLIPPED + 10
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", html)


def test_the_page_names_the_copy(folder: Path) -> None:
    html = audit_page(folder)
    assert "identical, 1.00<br>training image 10<br>test image 7" in html


@pytest.mark.parametrize("language", languages())
def test_the_report_says_what_copies_do_to_the_comparison(folder: Path, language: str) -> None:
    html, markdown = report(folder, language)
    effects = read_json(folder / "audit/effects.json")["parts"]
    section = html.partition('<section id="audit">')[2].partition("</section>")[0]
    assert section.count("<tr>") == 1 + len(small_run.MODELS)
    accuracy = effects["copies"]["models"]["mlp"]["accuracy"]
    assert f'data-value="{accuracy}"' in section
    assert "audit.html" in section
    if language == "en":
        assert "1 of 360 test images (0.28%) are copies of training images, or nearly" in markdown


def test_what_was_left_out_stands_on_the_first_screen(folder: Path) -> None:
    run = Run.read(folder, small_run.files(folder))
    excluded = {"train": [1, 2], "test": [5], "file": "my_list.csv"}
    html, markdown = render(replace(run, dataset=run.dataset | {"excluded": excluded}), small_run.settings())
    sentence = "2 training and 1 test images were left out, as <code>my_list.csv</code> says."
    assert sentence in html.partition('<section id="summary">')[2].partition("<table")[0]
    assert "**2 training and 1 test images were left out" in markdown.partition("|")[0]
