"""The explorer of predictions in a real browser, compared with the files of its run."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cifarbench.data.image_lists import read_exclude_list, read_relabel_list
from cifarbench.evaluation.statistics import wilson_interval
from cifarbench.io.atomic import load_npz
from cifarbench.io.csv_io import read_csv
from helpers import small_explorer, small_run
from helpers.screens import DESKTOP, PHONE

N_PAIRS = 200
READY = "html[data-ready]"
NO_PROBA = "linear_edges"


class Explorer:
    """An explorer page with the files of its run."""

    def __init__(self, open_page: Any, pages: Any, name: str = "explorer", fragment: str = "", **more: Any):
        self.page = open_page(name, place=fragment, **more)
        self.page.wait_for_selector(READY)
        self.run: Path = pages[name].parent / "run"
        self.predictions = small_explorer.predictions(self.run)
        self.labels = np.load(self.run / "data/test_labels.npy")

    def view(self, fragment: str) -> None:
        """Go to a view of the page."""
        # The address is updated shortly after an image is closed. The page forbids the eval of wait_for_function.
        while self.page.evaluate("/image=/.test(location.hash) && !document.querySelector('dialog[open]')"):
            self.page.wait_for_timeout(20)
        self.page.evaluate(
            """fragment => new Promise(resolve => {
                if (location.hash === "#" + fragment) return resolve()
                addEventListener("hashchange", () => setTimeout(resolve, 0), { once: true })
                location.hash = fragment || "sort=index"
            })""",
            fragment,
        )

    def count(self) -> int:
        return int(self.page.locator("#count").inner_text().split()[0].replace(",", ""))

    def shown(self) -> list[int]:
        """Return the images in view, in order."""
        cells = self.page.locator("#grid [data-image]")
        return [int(text) for text in cells.evaluate_all("cells => cells.map(cell => cell.dataset.image)")]

    def correct(self, model: str) -> np.ndarray:
        return self.predictions[model]["y_pred"] == self.labels

    def confidence(self, model: str) -> np.ndarray:
        arrays = self.predictions[model]
        return arrays["proba"][np.arange(len(self.labels)), arrays["y_pred"]]


@pytest.fixture
def explorer(open_page, pages) -> Explorer:
    return Explorer(open_page, pages)


def test_classes_and_confidences_are_those_of_the_predictions(explorer):
    rng = np.random.default_rng(0)
    models = [*explorer.predictions]
    for image in rng.choice(len(explorer.labels), -(-N_PAIRS // len(models)), replace=False):
        explorer.view(f"captions=all&search={image}")
        cell = explorer.page.locator(f'#grid [data-image="{image}"]')
        true, *lines = cell.locator(".line").all_inner_texts()
        assert true == small_run.CLASSES[explorer.labels[image]]
        for model, line in zip(models, lines, strict=True):
            predicted = small_run.CLASSES[explorer.predictions[model]["y_pred"][image]]
            mark = "✓" if predicted == true else "✗"
            assert line.startswith(f"{mark} {model}: {predicted}"), line
            shown = re.search(r"([\d.]+)%$", line)
            if model == NO_PROBA:
                assert shown is None
            else:
                assert abs(float(shown[1]) / 100 - explorer.confidence(model)[image]) < 0.00052


def test_thumbnails_show_the_images(explorer):
    pixels = np.load(explorer.run / "data/test_images.npy")
    explorer.page.wait_for_selector("canvas[data-drawn]")
    cells = explorer.page.locator("#grid [data-image]").evaluate_all(
        """cells => cells.map(cell => {
            const canvas = cell.querySelector("canvas")
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
            return [Number(cell.dataset.image), [...data].filter((value, i) => i % 4 === 1)]
        })"""
    )
    assert len(cells) > 15
    for image, green in cells:
        # WebP is lossy; another image would differ by 60 on average.
        assert np.abs(np.array(green) - pixels[image]).mean() < 12


def findings(audit: Path) -> dict[str, set[int]]:
    """Return the test images in the audit's tables by type of finding."""
    labels, images = (read_csv(audit / f"{name}.csv") for name in ("label_issues", "image_issues"))
    kinds = {"duplicate": set(), "similar": set(), "label": set(), "image": set()}
    for kind, rows in (("label", labels), ("image", images)):
        kinds[kind] |= {row["index"] for row in rows if row["split"] == "test"}
    for row in read_csv(audit / "duplicates.csv"):
        kind = "similar" if row["type"] == "near_miss" else "duplicate"
        kinds[kind] |= {row[f"index_{side}"] for side in "ab" if row[f"split_{side}"] == "test"}
    assert 5 in kinds["label"]
    assert 7 in kinds["duplicate"]
    return kinds


def masks(explorer: Explorer) -> dict[str, np.ndarray]:
    """Return fragments with a mask of the images that they should select."""
    labels, correct = explorer.labels, {model: explorer.correct(model) for model in explorer.predictions}
    mlp, confidence = explorer.predictions["mlp"]["y_pred"], explorer.confidence("mlp")
    everything = np.ones(len(labels), bool)
    coordinates = load_npz(explorer.run / "explorer/embedding.npz")["coordinates"]
    found = findings(explorer.run / "audit")
    at = np.arange(len(labels))
    return {
        "": everything,
        "true=3": labels == 3,
        "model=mlp&predicted=8": mlp == 8,
        "model=mlp&true=3&predicted=8": (labels == 3) & (mlp == 8),
        "wrong=mlp": ~correct["mlp"],
        "right=knn_raw&wrong=mlp": correct["knn_raw"] & ~correct["mlp"],
        "wrong=" + ",".join(correct): ~np.any([*correct.values()], axis=0),
        "right=" + ",".join(correct): np.all([*correct.values()], axis=0),
        "model=mlp&confidence=50-80": (confidence >= 0.5) & (confidence <= 0.8),
        # A model without probabilities has no confidence to filter by.
        f"model={NO_PROBA}&confidence=50-80": everything,
        **{f"audit={kind}": np.isin(at, [*images]) for kind, images in found.items()},
        "audit=any": np.isin(at, [*(found["duplicate"] | found["label"] | found["image"])]),
        "search=17": at == 17,
        "map=0,0,0.5,0.5": (coordinates <= 0.5).all(axis=1),
    }


def test_each_filter_selects_the_same_images_as_numpy(explorer):
    for fragment, expected in masks(explorer).items():
        explorer.view(fragment)
        assert explorer.count() == expected.sum(), fragment
        shown = explorer.shown()
        assert shown == np.flatnonzero(expected)[: len(shown)].tolist(), fragment
        for row, model in zip(
            explorer.page.locator("#models tbody tr").all(), explorer.predictions, strict=True
        ):
            n_right = int((explorer.correct(model) & expected).sum())
            assert row.locator("td").nth(1).inner_text() == str(n_right)
            if not expected.any():
                continue
            numbers = re.findall(r"[\d.]+", row.locator("td").nth(0).inner_text())
            wanted = [n_right / expected.sum(), *wilson_interval(n_right, int(expected.sum()))]
            np.testing.assert_allclose([float(text) / 100 for text in numbers], wanted, atol=0.00051)


@pytest.mark.parametrize("sort", ["confidence", "loss", "margin", "disagreement"])
def test_images_are_sorted(explorer, sort):
    proba = explorer.predictions["mlp"]["proba"].astype(float)
    top = np.sort(proba, axis=1)
    votes = np.stack([arrays["y_pred"] for arrays in explorer.predictions.values()])
    most = np.array([np.bincount(column).max() for column in votes.T])
    keys = {
        "confidence": explorer.confidence("mlp"),
        "loss": -np.log(proba[np.arange(len(proba)), explorer.labels]),
        "margin": -(top[:, -1] - top[:, -2]),
        "disagreement": 1 - most / len(votes),
    }[sort]
    explorer.view(f"model=mlp&sort={sort}")
    shown = keys[explorer.shown()]
    # Probabilities are stored in steps of 1/65535.
    assert (np.diff(shown) <= 1e-3).all()
    np.testing.assert_allclose(shown[:5], np.sort(keys)[::-1][:5], rtol=0.01)


def matrix(page: Any) -> np.ndarray:
    texts = page.locator("#matrix tbody td").all_inner_texts()
    n = len(small_run.CLASSES)
    return np.array([float(text.replace("\N{MINUS SIGN}", "-").replace("%", "")) for text in texts]).reshape(
        n, n
    )


def confusion(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    counts = np.zeros((10, 10))
    np.add.at(counts, (labels, predicted), 1)
    return counts


def test_the_matrix_shows_counts_differences_and_rates(explorer):
    mlp, knn = (confusion(explorer.labels, explorer.predictions[m]["y_pred"]) for m in ("mlp", "knn_raw"))
    explorer.view("model=mlp")
    assert (matrix(explorer.page) == mlp).all()
    explorer.view("model=mlp&versus=knn_raw")
    assert (matrix(explorer.page) == mlp - knn).all()
    explorer.view("model=mlp&values=rates")
    np.testing.assert_allclose(matrix(explorer.page), 100 * mlp / mlp.sum(axis=1, keepdims=True), atol=0.051)
    # Other filters apply to the matrix, but filters by class do not.
    explorer.view("model=mlp&wrong=mlp&true=3")
    assert (matrix(explorer.page) == mlp * (1 - np.eye(10))).all()


def test_a_cell_filters_and_its_address_opens_the_same_view(explorer, open_page, pages):
    page = explorer.page
    counts = matrix(page)
    row, column = np.argwhere(counts * (1 - np.eye(10)) > 0)[0]
    cell = page.locator("#matrix tbody tr").nth(row).locator("td").nth(column)
    cell.click()
    assert explorer.count() == counts[row, column]
    assert page.locator("#control-trueClass").input_value() == str(row)
    fragment = page.evaluate("location.hash")
    again = Explorer(open_page, pages, fragment=fragment)
    assert again.count() == counts[row, column]
    cell.click()
    assert explorer.count() == len(explorer.labels)


def test_buttons_select_images_by_the_correct_models(explorer):
    correct = {model: explorer.correct(model) for model in explorer.predictions}
    page = explorer.page
    page.get_by_role("button", name="all wrong").click()
    assert explorer.count() == (~np.any([*correct.values()], axis=0)).sum()
    page.get_by_role("button", name="Reset filters").click()
    page.get_by_role("button", name="only mlp is right").click()
    others = [correct[model] for model in correct if model != "mlp"]
    assert explorer.count() == (correct["mlp"] & ~np.any(others, axis=0)).sum()
    page.get_by_role("button", name="Reset filters").click()
    page.get_by_role("button", name="knn_raw: right").click()
    page.get_by_role("button", name="mlp: wrong", exact=True).click()
    assert explorer.count() == (correct["knn_raw"] & ~correct["mlp"]).sum()


def test_the_keyboard_moves_opens_collects_and_searches(explorer):
    page = explorer.page
    page.locator("#grid button.image").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    columns = int(page.locator("#grid-space").get_attribute("aria-colcount"))
    page.keyboard.press("Space")
    assert page.locator(f'[data-image="{columns + 1}"] > input').is_checked()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    assert dialog.locator("h2").inner_text() == f"test image {columns + 1}"
    page.keyboard.press("ArrowRight")
    assert dialog.locator("h2").inner_text() == f"test image {columns + 2}"
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.parentElement.dataset.image") == str(columns + 2)
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.parentElement.dataset.image") == str(
        len(explorer.labels) - 1
    )
    page.keyboard.press("/")
    page.keyboard.type("12")
    assert explorer.shown() == [12]
    page.keyboard.press("Escape")
    assert explorer.count() == len(explorer.labels)


def test_details_name_findings_and_probabilities(explorer):
    explorer.view("search=5")
    explorer.page.locator("#grid button.image").click()
    assert "nine" in explorer.page.locator("#detail-findings").inner_text()
    proba = explorer.predictions["mlp"]["proba"][5]
    head = explorer.page.locator("#detail-table thead th").all_inner_texts()
    for row in explorer.page.locator("#detail-table tbody tr").all():
        label = small_run.CLASSES.index(row.locator("th").inner_text())
        text = row.locator("td").nth(head.index("mlp")).inner_text()
        assert abs(float(re.search(r"[\d.]+", text)[0]) / 100 - proba[label]) < 0.00052


def test_shown_neighbors_equal_the_stored_neighbors(explorer):
    page, run = explorer.page, explorer.run
    neighbors = load_npz(run / "models/knn_raw/neighbors.npz")
    train, labels = np.load(run / "data/train_images.npy"), np.load(run / "data/train_labels.npy")
    explorer.view("search=31")
    page.locator("#grid button.image").click()
    assert (
        page.locator("#detail-neighbors h3").all_inner_texts()[0] == "knn_raw: 5 training images that voted"
    )
    items = page.locator("#detail-neighbors ul").first.locator("li")
    assert items.count() == 5
    page.wait_for_selector("#detail-neighbors canvas[data-drawn]")
    green = items.locator("canvas").evaluate_all(
        """all => all.map(canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
            return [...data].filter((value, i) => i % 4 === 1)
        })"""
    )
    for rank, (row, distance) in enumerate(
        zip(neighbors["neighbors"][31], neighbors["distances"][31], strict=True)
    ):
        name, image, shown = items.nth(rank).locator(".line").all_inner_texts()
        mark = "✓" if labels[row] == explorer.labels[31] else "✗"
        assert (name, image) == (f"{mark} {small_run.CLASSES[labels[row]]}", f"training image {row}")
        assert abs(float(shown.removeprefix("distance ").replace(",", "")) - distance) < 0.06
        assert np.abs(np.array(green[rank]) - train[row]).mean() < 15


def test_downloaded_lists_are_valid_exclude_and_relabel_lists(explorer, tmp_path):
    page = explorer.page
    for image in (7, 3):
        explorer.view(f"search={image}")
        page.locator("#grid [data-image] > input").check()
    page.locator("#grid button.image").click()
    wanted = "two" if explorer.labels[3] != 2 else "four"
    page.locator("#detail-label").select_option(label=wanted)
    page.keyboard.press("Escape")
    with page.expect_download() as excluded:
        page.get_by_role("button", name="Download exclude list").click()
    excluded.value.save_as(tmp_path / "exclude.csv")
    assert read_exclude_list(tmp_path / "exclude.csv") == {"train": [], "test": [3, 7]}
    with page.expect_download() as relabeled:
        page.get_by_role("button", name="Download relabel list").click()
    relabeled.value.save_as(tmp_path / "relabel.csv")
    assert read_relabel_list(tmp_path / "relabel.csv") == {"train": {}, "test": {3: wanted}}
    # The lists are kept when the page is loaded again.
    page.reload()
    page.wait_for_selector(READY)
    explorer.view("collected=yes")
    assert explorer.shown() == [3, 7]


def test_odd_class_names_are_escaped_and_downloaded_unchanged(open_page, pages, tmp_path):
    explorer = Explorer(open_page, pages, "explorer odd")
    page, names = explorer.page, small_explorer.ODD_CLASSES
    assert page.locator("#control-trueClass option").all_inner_texts()[1:] == names
    assert page.locator("#matrix tbody th").evaluate_all("all => all.map(one => one.title)") == names
    assert page.locator("main img, main script").count() == 0
    assert small_explorer.FAILED in page.locator(".failure").inner_text()
    for label, name in enumerate(names):
        explorer.view(f"true={(label + 1) % 10}")
        page.locator("#grid button.image").first.click()
        page.locator("#detail-label").select_option(label=name)
        page.keyboard.press("Escape")
    with page.expect_download() as relabeled:
        page.get_by_role("button", name="Download relabel list").click()
    relabeled.value.save_as(tmp_path / "relabel.csv")
    assert sorted(read_relabel_list(tmp_path / "relabel.csv")["test"].values()) == sorted(names)
    assert page.complaints == []


def test_a_box_on_the_map_selects_its_images(explorer):
    page = explorer.page
    canvas = page.locator("#map")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    coordinates = load_npz(explorer.run / "explorer/embedding.npz")["coordinates"]
    assert explorer.count() == (coordinates <= 0.5).all(axis=1).sum()
    canvas.focus()
    page.keyboard.press("Escape")
    assert explorer.count() == len(explorer.labels)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["explorer", "explorer ru", "explorer odd"])
def test_the_page_and_an_opened_image_are_accessible(open_page, pages, violations, name, scheme, viewport):
    explorer = Explorer(open_page, pages, name, viewport=viewport, color_scheme=scheme)
    assert not violations(explorer.page)
    explorer.view("captions=all&versus=mlp&true=3")
    assert not violations(explorer.page)
    explorer.page.locator("#grid button.image").first.click()
    assert not violations(explorer.page)
    assert explorer.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert explorer.page.complaints == []


def test_the_printed_page_has_images_and_no_controls(explorer):
    explorer.view("model=mlp&wrong=mlp")
    page = explorer.page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("form").is_visible()
    assert page.locator("#grid [data-image]").count() == explorer.count()
    rows = [row.bounding_box() for row in page.locator("#grid [role=row]").all()]
    assert all(a["y"] + a["height"] <= b["y"] + 1 for a, b in pairwise(rows))
