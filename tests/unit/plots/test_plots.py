"""Plots: content, edge cases, SVG that pages can include, and equal bytes for equal content."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from test_plot_grid_search import results, words_of

from cifarbench.evaluation.comparison import model_agreement
from cifarbench.evaluation.metrics import compute_metrics
from cifarbench.evaluation.training_curve import summarize_history
from cifarbench.plots import (
    accuracy,
    confusion_matrix,
    cost,
    example_images,
    grid_search,
    pairwise_differences,
    reliability,
    roc_pr,
    training_curves,
)
from cifarbench.plots.style import (
    save_svg,
)

MINUS = "\N{MINUS SIGN}"
BLUE, RED = "#0072b2", "#d55e00"
CONFIG = yaml.safe_load((Path(__file__).parents[3] / "config/config.yaml").read_text())["figures"]
STYLE: dict[str, Any] = {key: value for part in CONFIG.values() for key, value in part.items()}
STYLE |= {"color": BLUE, "colors": [BLUE, RED], "n_images": 6, "seed": 0}
SHAPE = [3, 4, 5]
PIXELS = np.random.default_rng(0).integers(256, size=(30, 60), dtype=np.uint8)


def svg_of(figure: Figure, folder: Path, description: str = "A figure.") -> str:
    save_svg(figure, folder / "figure.svg", description)
    text = (folder / "figure.svg").read_text()
    ET.fromstring(text)
    return text


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
    return summarize_history({name: np.array([row[name] for row in rows]) for name in rows[0]})


def all_svg_figures() -> dict[str, Figure]:
    rows = [row("one", 0.4), row("two", 0.5, 0.1), row("three", 0.45, 0.01, spread=0.02)]
    scores = compute_metrics(
        np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]), np.full((4, 2), 0.5), ["x", "y"], seed=0
    )
    return {
        "confusion": confusion_matrix.plot_confusion_matrix(np.array([[5, 1], [2, 3]]), ["x", "y"], STYLE),
        "reliability": reliability.plot_reliability_diagram(scores, STYLE),
        "roc_pr": roc_pr.plot_roc_pr(np.array([0, 1, 1, 0]), np.full((4, 2), 0.5), scores, STYLE),
        "training": training_curves.plot_training_curves(history(20), learning(history(20)), STYLE),
        "tuning": grid_search.plot_grid_search(
            results(knn__n_neighbors=[5, 10], pca__n_components=[64, 128]), STYLE
        ),
        "accuracy": accuracy.plot_accuracy(rows, STYLE),
        "paired": pairwise_differences.plot_paired_differences(
            ["one", "two"], [pair("one", "two", -0.1, 0.001)], STYLE
        ),
        "cost": cost.plot_cost(rows, STYLE),
        "fit_time": cost.plot_fit_time(rows, STYLE),
    }


# ---- SVG ----


@pytest.mark.parametrize("name", all_svg_figures())
def test_svg_can_be_included_in_a_page(name, tmp_path):
    text = svg_of(all_svg_figures()[name], tmp_path, 'Said of "it" & <more>.')
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Said of "it" & <more>.'
    assert root.get("viewBox")
    assert "currentColor" in text
    assert not re.search(r"#000000|#010203|fill: #ffffff; stroke|DOCTYPE|dc:date", text)
    # Styles apply only to a stand-alone SVG.
    (style,) = re.findall(r"<style>(.*?)</style>", text)
    assert re.fullmatch(r"(svg:root\{[^{}]*\}|@media[^{}]*\{svg:root\{[^{}]*\}\})*", style)
    assert root.findall(".//{http://www.w3.org/2000/svg}text")
    assert "system-ui" in root.get("font-family")
    assert not re.search(r"(href|src)=\"(?!#)", text)


def test_equal_content_gives_equal_bytes_and_ids_are_unique(tmp_path):
    def svg(description: str) -> str:
        return svg_of(all_svg_figures()["cost"], tmp_path, description)

    texts = [svg("One."), svg("Other.")]
    assert svg("One.") == texts[0]
    first, second = (set(re.findall(r'id="([^"]+)"', text)) for text in texts)
    assert first and not first & second
    for text, ids in zip(texts, (first, second), strict=True):
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= ids


# ---- Confusion matrix ----


def plot_matrix(matrix: np.ndarray, classes: list[str]) -> Figure:
    return confusion_matrix.plot_confusion_matrix(matrix, classes, STYLE)


def test_confusion_matrix(tmp_path):
    matrix, names = np.arange(16).reshape(4, 4), ['<b>x & "y"', "$a_1$", "猫", "a`b"]
    figure = plot_matrix(matrix, names)
    assert words_of(figure) == [str(n) for n in range(16)]
    texts = [element.text for element in ET.fromstring(svg_of(figure, tmp_path)).iter()]
    assert set(names) <= set(texts)
    text = confusion_matrix.alt_text("m", matrix, names)
    assert "30 of 120" in text
    assert text.endswith("most frequent error (14 images): a`b, predicted as 猫.")
    assert confusion_matrix.alt_text("m", np.eye(2, dtype=int), ["x", "y"]).endswith("on the diagonal.")
    svg_of(plot_matrix(np.zeros((3, 3), dtype=int), ["x", "y", "z"]), tmp_path)


def test_confusion_matrix_of_many_classes_shows_the_most_confused():
    matrix = np.diag(np.full(1000, 4))
    matrix[500, 700] = matrix[700, 500] = 4
    classes = [f"class_{number}" for number in range(1000)]
    shown = confusion_matrix.select_classes(matrix)
    assert len(shown) == confusion_matrix.MAX_CLASSES
    assert {500, 700} <= set(shown)
    figure = plot_matrix(matrix, classes)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [classes[row] for row in shown]
    assert words_of(figure) == []
    assert "of 1000 classes, the 40 most confused ones" in confusion_matrix.alt_text("m", matrix, classes)
    np.testing.assert_array_equal(confusion_matrix.select_classes(matrix[:40, :40]), np.arange(40))


@pytest.mark.parametrize("n_classes", [3, 20, 40, 300])
@pytest.mark.parametrize("name", ["class{}", "x" * 97 + "{:03}"])
def test_labels_of_the_confusion_matrix_do_not_overlap(n_classes, name):
    matrix = np.random.default_rng(0).integers(0, 3, (n_classes, n_classes)) + 20 * np.eye(
        n_classes, dtype=int
    )
    figure = plot_matrix(matrix, [name.format(number) for number in range(n_classes)])
    figure.draw_without_rendering()
    (axes,) = figure.axes
    frame, page = axes.get_window_extent(), figure.bbox
    assert frame.width > page.width / 3 and frame.height > page.height / 3
    for first, second in pairwise(label.get_window_extent() for label in axes.get_yticklabels()):
        assert not first.overlaps(second)
    labels = axes.get_xticklabels()
    pitch = frame.width / len(labels) * abs(np.sin(np.deg2rad(labels[0].get_rotation() or 90)))
    assert labels[0].get_rotation() == 0 or pitch > labels[0].get_fontsize() * figure.dpi / 72
    for label in [*labels, *axes.get_yticklabels()]:
        box = label.get_window_extent()
        assert box.x0 >= page.x0 - 1 and box.y0 >= page.y0 - 1


# ---- Training curves, accuracy, pairwise differences ----


@pytest.mark.parametrize("epochs", [1, 2, 200])
def test_training_curves_of_any_length(epochs, tmp_path):
    rows = history(epochs)
    figure = training_curves.plot_training_curves(rows, learning(rows), STYLE)
    assert [axes.get_title("left") for axes in figure.axes] == ["loss", "accuracy"]
    assert figure.axes[0].get_legend_handles_labels()[1] == ["training", "test"]
    svg_of(figure, tmp_path)


def test_accuracy_shows_seeds_only_if_there_are_several():
    for std, has_seeds in ((None, False), (0.01, True)):
        figure = accuracy.plot_accuracy([row("one", 0.4, spread=std)], STYLE)
        assert ("seeds" in figure.axes[0].get_xlabel()) == has_seeds


def test_pairwise_differences_are_row_minus_column():
    names = ["one", "two", "three"]
    tests = [
        pair("one", "two", -0.123, 1e-9),
        pair("one", "three", 0.04, 0.2),
        pair("two", "three", 0.163, 0.01),
    ]
    words = words_of(pairwise_differences.plot_paired_differences(names, tests, STYLE))
    assert words[:3] == ["+12.3", "[+11.3, +13.3]\np < 0.001", f"{MINUS}4.0"]
    assert words[3].endswith("p = 0.200")
    assert "not significant: one and three" in pairwise_differences.alt_text(names, tests)


def test_many_pairs_have_no_intervals():
    models = [f"model_{i}" for i in range(11)]
    tests = [pair(a, b, 0.1, 0.001) for a, b in combinations(models, 2)]
    words = words_of(pairwise_differences.plot_paired_differences(models, tests, STYLE))
    assert words.count(f"{MINUS}10.0") == len(tests)
    assert not any("p < 0.001" in text or "CI" in text for text in words)


def test_plots_without_models_have_a_message():
    for plot in (accuracy.plot_accuracy, cost.plot_cost, cost.plot_fit_time):
        assert words_of(plot([], STYLE)) == ["no model to show"]
    for models, message in (([], "no model: no pairs"), (["only"], "one model: no pairs")):
        assert words_of(pairwise_differences.plot_paired_differences(models, [], STYLE)) == [message]
    agreement = model_agreement(np.empty(0, dtype=int), {}, ["x", "y"])
    for plot in (example_images.plot_misclassified_by_all, example_images.plot_correct_by_one):
        assert words_of(plot(PIXELS, agreement, SHAPE, STYLE)) == ["No model has predictions."]


# ---- Cost and fit time ----


@pytest.mark.parametrize("seconds", [[1.0, 1.0, 1.0], [1.0, 30.0, 0.002], [0.0, 1.0, 2.0]])
def test_cost_on_any_scale(seconds, tmp_path):
    rows = [row(f"m{i}", 0.4 + i / 100, s) for i, s in enumerate(seconds)]
    assert "mathdefault" not in svg_of(cost.plot_cost(rows, STYLE), tmp_path)


def test_models_have_distinct_markers_and_colors():
    styles = [cost.marker_and_color(i, STYLE["colors"]) for i in range(2 * len(cost.MARKERS))]
    assert len(set(styles)) == len(styles)
    assert [color for color, _ in styles[:4]] == [BLUE, RED, BLUE, RED]


@pytest.mark.parametrize(("high", "labels"), [(30, ["1", "2", "5", "10", "20"]), (70, ["1", "10"])])
def test_tick_labels_of_costs_do_not_overlap(high, labels):
    figure = cost.plot_cost([row("a", 0.4, 1), row("b", 0.5, high)], STYLE)
    figure.draw_without_rendering()
    axis = figure.axes[0].xaxis
    ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
    assert [label.get_text() for tick, label in ticks if 1 <= tick <= high] == labels


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_no_point_dominates_the_pareto_front(points):
    costs, values = zip(*points, strict=True)
    front = cost.pareto_front(list(costs), list(values))
    dominated = {
        i
        for i, (c, v) in enumerate(points)
        if any(c2 <= c and v2 >= v and (c2, v2) != (c, v) for c2, v2 in points)
    }
    assert set(front) == set(range(len(points))) - dominated
    assert [costs[i] for i in front] == sorted(costs[i] for i in front)


@pytest.mark.parametrize("spread", [0.0, 0.002, 0.01])
def test_names_of_eighteen_models_do_not_overlap(spread):
    rows = [
        row(f"knn_of_long_name_{i}", 0.4 + 0.02 * (i % 9) + spread * i, 1 + 40 * (i // 6) + i / 10)
        for i in range(18)
    ]
    figure = cost.plot_fit_time(rows, STYLE)
    names = [text for text in figure.axes[0].texts if text.get_text()]
    assert {name.get_text() for name in names} == {row["model"] for row in rows}
    boxes = [name.get_window_extent() for name in names]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    frame = figure.axes[0].get_window_extent()
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)


def test_models_of_unknown_cost_are_left_out():
    unknown = dict.fromkeys(cost.COST_LABELS) | {"fit_seconds": None}
    rows = [row("ours", 0.5), row("theirs", 0.9) | unknown, row("half", 0.7) | unknown | {"stored_mb": 3.0}]
    figure = cost.plot_cost(rows, STYLE)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["half", "ours"]
    assert [len(axes.lines) - 1 for axes in figure.axes] == [1, 1, 2]
    assert "theirs" not in words_of(cost.plot_fit_time(rows, STYLE))
    assert words_of(cost.plot_fit_time(rows[1:], STYLE)) == ["no fit time to show"]


def test_pretrained_models_are_not_on_the_front_and_below_a_line():
    rows = [row("quick", 0.4, 1), row("seen", 0.9, 0.5) | {"pretrained": True}, row("slow", 0.6, 3)]
    assert cost.fit_time_alt_text(rows).endswith("the fastest first: quick, slow.")
    assert "seen" not in cost.cost_alt_text(rows)
    assert [line.get_marker() for line in cost.plot_fit_time(rows, STYLE).axes[0].lines[1:]] == [
        "o",
        "s",
        "o",
    ]
    with_published = cost.plot_fit_time(rows, STYLE, [("theirs, A100", 0.95, 0.1)])
    assert with_published.axes[0].lines[-1].get_marker() == "D"
    assert with_published.axes[0].lines[-1].get_markerfacecolor() == "none"
    assert "theirs, A100" in words_of(with_published)
    figure = accuracy.plot_accuracy(rows, STYLE)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["quick", "slow", "seen"]
    assert "below: pretrained features" in words_of(figure)
    assert "below: pretrained features" not in words_of(accuracy.plot_accuracy(rows[:1], STYLE))
