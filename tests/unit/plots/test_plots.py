"""Figures: what they show at the edges, that pages can hold them, that equal content gives equal bytes."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image
from test_plot_grid_search import results

from cifarbench.evaluation.comparison import model_agreement as compare_answers
from cifarbench.evaluation.metrics import compute_metrics
from cifarbench.evaluation.training_curve import summarize_history as describe_learning
from cifarbench.plots import (
    accuracy,
    confusion_matrix,
    cost,
    fit_time,
    grid_search,
    pairwise_differences,
    reliability,
    training_curves,
)
from cifarbench.plots.agreement import plot_correct_by_one, plot_misclassified_by_all
from cifarbench.plots.confused_pairs import plot_confused_pairs
from cifarbench.plots.image_grid import to_rgb
from cifarbench.plots.sample_predictions import plot_predictions, sample_indices
from cifarbench.plots.style import (
    contrast_color,
    format_signed,
    luminance,
    save_png,
    save_svg,
)

MINUS = "\N{MINUS SIGN}"
BLUE, RED = "#0072b2", "#d55e00"
CONFIG = yaml.safe_load((Path(__file__).parents[3] / "config/config.yaml").read_text())["figures"]
# All that any of them is told.
STYLE: dict[str, Any] = {key: value for part in CONFIG.values() for key, value in part.items()}
STYLE |= {"color": BLUE, "colors": [BLUE, RED], "n_images": 6, "seed": 0}
SHAPE = [3, 4, 5]
PIXELS = np.random.default_rng(0).integers(256, size=(30, 60), dtype=np.uint8)


def svg_of(figure: Figure, folder: Path, description: str = "A figure.") -> str:
    save_svg(figure, folder / "figure.svg", description)
    text = (folder / "figure.svg").read_text()
    ET.fromstring(text)
    return text


def words_of(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def row(model: str, value: float, seconds: float = 1.0, spread: float | None = None) -> dict[str, Any]:
    return {
        "model": model,
        "accuracy": value,
        "accuracy_low": value - 0.02,
        "accuracy_high": value + 0.02,
        "fit_seconds": 10 * seconds,
        "predict_ms_per_image": seconds,
        "peak_memory_mb": 300.0,
        "stored_mb": 10 * seconds,
        "pretrained": False,
        "accuracy_seed_mean": None if spread is None else value + 0.01,
        "accuracy_seed_std": spread,
    }


def pair(a: str, b: str, difference: float, p: float) -> dict[str, Any]:
    return {
        "model_a": a,
        "model_b": b,
        "accuracy_difference": difference,
        "ci_low": difference - 0.01,
        "ci_high": difference + 0.01,
        "p_value_adjusted": p,
    }


def history(epochs: int) -> list[dict[str, float]]:
    return [
        {
            "epoch": e,
            "train_loss": 2 / (e + 1),
            "test_loss": 2 / (e + 1) + 0.1,
            "train_accuracy": e / epochs,
            "test_accuracy": e / epochs / 2,
        }
        for e in range(epochs)
    ]


def learning(rows: list[dict[str, float]]) -> dict[str, Any]:
    return describe_learning({name: np.array([row[name] for row in rows]) for name in rows[0]})


def all_svg_figures() -> dict[str, Figure]:
    rows = [row("one", 0.4), row("two", 0.5, 0.1), row("three", 0.45, 0.01, spread=0.02)]
    scores = compute_metrics(
        np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]), np.full((4, 2), 0.5), ["x", "y"], seed=0
    )
    return {
        "confusion": confusion_matrix.plot_confusion_matrix(np.array([[5, 1], [2, 3]]), ["x", "y"], STYLE),
        "reliability": reliability.plot_reliability_diagram(scores, STYLE),
        "training": training_curves.plot_training_curves(history(20), learning(history(20)), STYLE),
        "tuning": grid_search.plot_grid_search(
            results(knn__n_neighbors=[5, 10], pca__n_components=[64, 128]), STYLE
        ),
        "accuracy": accuracy.plot_accuracy(rows, STYLE),
        "paired": pairwise_differences.plot_paired_differences(
            ["one", "two"], [pair("one", "two", -0.1, 0.001)], STYLE
        ),
        "cost": cost.plot_cost(rows, STYLE),
        "fit_time": fit_time.plot_fit_time(rows, STYLE),
    }


# ---- every SVG ----


@pytest.mark.parametrize("name", all_svg_figures())
def test_svg_suits_any_page(name, tmp_path):
    text = svg_of(all_svg_figures()[name], tmp_path, 'Said of "it" & <more>.')
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Said of "it" & <more>.'
    assert root.get("viewBox")
    assert "currentColor" in text
    assert not re.search(r"#000000|#010203|fill: #ffffff; stroke|DOCTYPE|dc:date", text)
    # A rule of a style inside a page would reach the whole page; `svg:root` is none there.
    (style,) = re.findall(r"<style>(.*?)</style>", text)
    assert re.fullmatch(r"(svg:root\{[^{}]*\}|@media[^{}]*\{svg:root\{[^{}]*\}\})*", style)
    # Words are words, in the reader's own font.
    assert root.findall(".//{http://www.w3.org/2000/svg}text")
    assert "system-ui" in root.get("font-family")
    # What goes over the network: nothing.
    assert not re.search(r"(href|src)=\"(?!#)", text)


@pytest.mark.parametrize("name", all_svg_figures())
def test_equal_content_gives_equal_bytes(name, tmp_path):
    assert svg_of(all_svg_figures()[name], tmp_path) == svg_of(all_svg_figures()[name], tmp_path)


def test_names_inside_differ_from_figure_to_figure(tmp_path):
    texts = [svg_of(all_svg_figures()["cost"], tmp_path, description) for description in ("One.", "Other.")]
    one, other = (set(re.findall(r'id="([^"]+)"', text)) for text in texts)
    assert one and not one & other
    for text, names in zip(texts, (one, other), strict=True):
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= names


# ---- single figures ----


def test_confusion_matrix_counts_and_names_every_cell(tmp_path):
    matrix = np.arange(9).reshape(3, 3)
    figure = confusion_matrix.plot_confusion_matrix(matrix, ["x", "y", "z"], STYLE)
    assert words_of(figure) == [str(n) for n in range(9)]
    text = svg_of(figure, tmp_path)
    assert all(f">{name}</text>" in text for name in "xyz")
    assert "18 of 36" not in confusion_matrix.alt_text("m", matrix, list("xyz"))
    assert "12 of 36" in confusion_matrix.alt_text("m", matrix, list("xyz"))


def test_confusion_matrix_of_absent_classes_and_of_many(tmp_path):
    svg_of(
        confusion_matrix.plot_confusion_matrix(np.zeros((3, 3), dtype=int), ["x", "y", "z"], STYLE), tmp_path
    )
    n = confusion_matrix.MAX_CLASSES_WITH_COUNTS + 1
    many = confusion_matrix.plot_confusion_matrix(
        np.eye(n, dtype=int), [f"class {i}" for i in range(n)], STYLE
    )
    assert words_of(many) == []
    assert confusion_matrix.alt_text("m", np.eye(2, dtype=int), ["x", "y"]).endswith("on the diagonal.")


@pytest.mark.parametrize("seconds", [[1.0, 1.0, 1.0], [1.0, 30.0, 0.002], [0.0, 1.0, 2.0]])
def test_cost_on_any_scale(seconds, tmp_path):
    rows = [row(f"m{i}", 0.4 + i / 100, s) for i, s in enumerate(seconds)]
    assert "mathdefault" not in svg_of(cost.plot_cost(rows, STYLE), tmp_path)


@pytest.mark.parametrize("epochs", [1, 2, 200])
def test_training_curves_of_any_length(epochs, tmp_path):
    rows = history(epochs)
    figure = training_curves.plot_training_curves(rows, learning(rows), STYLE)
    assert [axes.get_title("left") for axes in figure.axes] == ["loss", "accuracy"]
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert labels == ["training", "test"]
    svg_of(figure, tmp_path)


def test_accuracy_shows_seeds_only_where_there_are_several():
    without = accuracy.plot_accuracy([row("one", 0.4)], STYLE)
    assert "seeds" not in without.axes[0].get_xlabel()
    assert "seeds" in accuracy.plot_accuracy([row("one", 0.4, spread=0.01)], STYLE).axes[0].get_xlabel()


def test_paired_cells_read_from_the_row():
    tests = [
        pair("one", "two", -0.123, 1e-9),
        pair("one", "three", 0.04, 0.2),
        pair("two", "three", 0.163, 0.0123),
    ]
    words = words_of(pairwise_differences.plot_paired_differences(["one", "two", "three"], tests, STYLE))
    assert words[0] == "+12.3"
    assert words[1] == "[+11.3, +13.3]\np < 0.001"
    assert words[2] == f"{MINUS}4.0"
    assert words[3].endswith("p = 0.200")
    assert "not told apart: one and three" in pairwise_differences.alt_text(["one", "two", "three"], tests)


def test_many_pairs_leave_their_intervals_to_the_table(tmp_path):
    models = [f"model_{i}" for i in range(11)]
    tests = [pair(a, b, 0.1, 0.001) for a, b in combinations(models, 2)]
    words = words_of(pairwise_differences.plot_paired_differences(models, tests, STYLE))
    assert words.count(f"{MINUS}10.0") == len(tests)
    assert not any("p < 0.001" in text or "interval" in text for text in words)


def test_without_any_model_every_figure_says_so(tmp_path):
    for draw, describe in (
        (accuracy.plot_accuracy, accuracy.alt_text),
        (cost.plot_cost, cost.alt_text),
        (fit_time.plot_fit_time, fit_time.alt_text),
    ):
        assert words_of(draw([], STYLE)) == ["no model to show"]
        svg_of(draw([], STYLE), tmp_path, describe([]))
    assert words_of(pairwise_differences.plot_paired_differences([], [], STYLE)) == ["no model: no pairs"]
    assert words_of(pairwise_differences.plot_paired_differences(["only"], [], STYLE)) == [
        "one model: no pairs"
    ]
    nobody = compare_answers(np.empty(0, dtype=int), {}, ["x", "y"])
    for draw in (plot_misclassified_by_all, plot_correct_by_one):
        assert words_of(draw(PIXELS, nobody, SHAPE, STYLE)) == ["No model has looked at the images."]


def test_more_models_than_colors_and_marks():
    few = cost.plot_cost([row(f"model_{i}", i / 20, i + 1) for i in range(6)], STYLE)
    many = cost.plot_cost([row(f"model_{i}", i / 20, i + 1) for i in range(15)], STYLE)
    assert many.get_figheight() > few.get_figheight()
    looks = [cost.marker_and_color(i, STYLE["colors"]) for i in range(2 * len(cost.MARKERS))]
    assert len(set(looks)) == len(looks)
    assert [color for color, _ in looks[:4]] == [BLUE, RED, BLUE, RED]


def test_numbers_under_an_axis_do_not_run_into_each_other():
    def labels(low: float, high: float) -> list[str]:
        figure = cost.plot_cost([row("a", 0.4, low), row("b", 0.5, high)], STYLE)
        figure.draw_without_rendering()
        first, last = figure.axes[0].get_xlim()
        axis = figure.axes[0].xaxis
        return [
            text.get_text()
            for text, at in zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=True)
            if first <= at <= last
        ]

    assert set(labels(1, 30)) >= {"1", "2", "5", "10", "20"}
    assert len(labels(0.001, 0.07)) <= 3


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_pareto_front_is_what_nothing_beats(points):
    costs, values = zip(*points, strict=True)
    front = cost.pareto_front(list(costs), list(values))
    beaten = {
        i
        for i, (c, v) in enumerate(points)
        if any(c2 <= c and v2 >= v and (c2, v2) != (c, v) for c2, v2 in points)
    }
    assert set(front) == set(range(len(points))) - beaten
    assert [costs[i] for i in front] == sorted(costs[i] for i in front)


# ---- pictures ----


def test_the_same_images_for_every_model():
    assert sample_indices(10_000, 20, seed=0).tolist() == sample_indices(10_000, 20, seed=0).tolist()
    assert sample_indices(10_000, 20, seed=0).tolist() != sample_indices(10_000, 20, seed=1).tolist()
    assert len(set(sample_indices(10_000, 20, seed=0).tolist())) == 20
    assert sorted(sample_indices(5, 20, seed=0).tolist()) == [0, 1, 2, 3, 4]


def test_wrong_predictions_are_marked(tmp_path):
    figure = plot_predictions(PIXELS[:2], np.array([0, 1]), np.array([0, 0]), ["x", "y"], SHAPE, STYLE)
    assert words_of(figure) == ["✓ x", "✗ x\ntrue: y"]
    save_png(figure, tmp_path / "a.png", dpi=100)
    save_png(figure, tmp_path / "b.png", dpi=100)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width == pytest.approx(720, abs=2)


def test_rows_of_pixels_become_pictures():
    pictures = to_rgb(PIXELS, SHAPE)
    assert pictures.shape == (30, 4, 5, 3)
    # Channel by channel, each row by row.
    assert pictures[7, 2, 3].tolist() == [PIXELS[7, c * 20 + 2 * 5 + 3] for c in range(3)]
    grey = to_rgb(PIXELS[:, :20], [1, 4, 5])
    assert grey.shape == (30, 4, 5, 3)
    assert (grey[..., 0] == grey[..., 2]).all()


def test_confused_pairs_have_a_head_each():
    pairs = [
        {"true_class": "x", "predicted_class": "y", "count": 3, "rate": 0.25, "indices": [1, 2, 3]},
        {"true_class": "y", "predicted_class": "x", "count": 1, "rate": 0.5, "indices": [4]},
    ]
    assert words_of(plot_confused_pairs(PIXELS, pairs, SHAPE, STYLE)) == [
        "x, predicted as y: 3 images, 25.0% of the class",
        "y, predicted as x: 1 image, 50.0% of the class",
    ]
    assert words_of(plot_confused_pairs(PIXELS, [], SHAPE, STYLE)) == ["No image is taken for another class."]


def test_images_that_all_get_wrong_and_one_gets_right():
    nothing = {"count": 0, "indices": [], "true": [], "predicted": [], "votes": []}
    found = {
        "n_test": 30,
        "n_models": 3,
        "correct_by_none": nothing
        | {"count": 2, "indices": [3, 9], "true": ["x", "y"], "predicted": ["y", "x"], "votes": [3, 2]},
        "correct_by_one": {"one": {"count": 1, "indices": [5]}, "two": {"count": 0, "indices": []}},
    }
    assert set(words_of(plot_misclassified_by_all(PIXELS, found, SHAPE, STYLE))) == {
        "3 of 3: y\ntrue: x",
        "2 of 3: x\ntrue: y",
    }
    assert words_of(plot_correct_by_one(PIXELS, found, SHAPE, STYLE)) == [
        "only one is right: 1 of 30 images",
        "only two is right: 0 of 30 images",
    ]
    assert (
        len(words_of(plot_misclassified_by_all(PIXELS, found | {"correct_by_none": nothing}, SHAPE, STYLE)))
        == 1
    )


# ---- colours and numbers ----


@pytest.mark.parametrize("color", [BLUE, RED, "#00597a", "#b54400", "#e8e8e8", "#777777"])
def test_words_stand_out_on_any_color(color):
    one, other = luminance(color), luminance(contrast_color(color))
    assert (max(one, other) + 0.05) / (min(one, other) + 0.05) >= 4.5


def test_signs():
    assert [format_signed(value) for value in (1.25, -0.26, 0.04, -0.04)] == [
        "+1.2",
        f"{MINUS}0.3",
        "0.0",
        "0.0",
    ]
