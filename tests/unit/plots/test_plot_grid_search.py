"""Plots of grid searches as a row of cells, a heat map or a ranking, and of random searches."""

from itertools import product
from typing import Any

import pytest

import plot_grid_search
from cifarbench.evaluation.grid_search import format_value, param_names
from cifarbench.io.csv_io import write_csv
from cifarbench.plots import grid_search
from helpers.jobs import run_job

STYLE = {"font_size": 9, "color": "#0072b2"}


def results(**grid: list) -> list[dict[str, Any]]:
    """Return rows of cv_results.csv in which each candidate has a higher score than the previous one."""
    candidates = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    return [
        {f"param_{name}": value for name, value in one.items()}
        | {"mean_test_score": 0.5 + i / 1000, "std_test_score": 0.01, "rank_test_score": len(candidates) - i}
        for i, one in enumerate(candidates)
    ]


def words_of(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def labels_of(figure, axis: str) -> list[str]:
    return [label.get_text() for label in getattr(figure.axes[0], f"get_{axis}ticklabels")()]


def test_the_alt_text_names_the_best_candidate():
    rows = results(knn__n_neighbors=[5, 10], pca__n_components=[64, 128])
    rows[0]["rank_test_score"] = 1
    assert grid_search.alt_text("g", rows) == (
        "Cross-validated accuracy of the 4 candidates of g: the best is 0.5000, with n_neighbors 5, n_components 64."
    )
    assert words_of(grid_search.plot_grid_search(rows[:1], STYLE)) == ["0.5000", "± 0.0100"]


def test_one_parameter_is_plotted_as_a_row_of_cells():
    figure = grid_search.plot_grid_search(results(C=[0.1, 1.0, None]), STYLE)
    assert labels_of(figure, "x") == ["0.1", "1", "null"]
    assert labels_of(figure, "y") == [""]
    assert len(words_of(figure)) == 6
    assert grid_search.alt_text("m", results(C=[0.1])).endswith(
        "the 1 candidates of m: the best is 0.5000, with C 0.1."
    )


@pytest.mark.parametrize("n_values", [3, 40])
def test_failed_candidates_have_no_score(n_values):
    rows = results(C=list(range(n_values)))
    rows[0] |= {
        "mean_test_score": float("nan"),
        "std_test_score": float("nan"),
        "error": "ValueError: too small",
    }
    figure = grid_search.plot_grid_search(rows, STYLE)
    assert words_of(figure).count("failed") == (n_values == 3)
    assert "nan" not in " ".join(words_of(figure) + labels_of(figure, "y"))


def test_two_parameters_are_plotted_as_a_heat_map():
    figure = grid_search.plot_grid_search(results(kernel=["rbf", "linear"], shrinking=[True, False]), STYLE)
    assert labels_of(figure, "x") == ["true", "false"]
    assert labels_of(figure, "y") == ["rbf", "linear"]
    turned = grid_search.plot_grid_search(results(kernel=["rbf", "linear"], C=list(range(12))), STYLE)
    assert labels_of(turned, "x") == ["rbf", "linear"]
    assert len(labels_of(turned, "y")) == 12


@pytest.mark.parametrize(
    "grid",
    [
        {"C": [0.1, 1], "gamma": [0.01, 0.1, None], "kernel": ["rbf", "poly"], "only": [7]},
        {"C": list(range(30))},
        {"C": list(range(9)), "gamma": list(range(9))},
    ],
)
def test_other_grids_are_plotted_as_a_ranking(grid, tmp_path):
    rows = results(**grid)
    figure = grid_search.plot_grid_search(rows, STYLE)
    labels = labels_of(figure, "y")
    assert len(labels) == min(len(rows), 20)
    # The last candidate is the best and at the top; parameters with a single value are omitted.
    last = {name: values[-1] for name, values in grid.items() if len(values) > 1}
    assert labels[0] == ", ".join(f"{name} {format_value(value)}" for name, value in last.items())
    cut = len(rows) > len(labels)
    assert figure.axes[0].get_title("left") == ("the best 20 candidates" if cut else "")


def test_a_random_search_has_a_plot_per_range():
    rows = results(learning_rate=[0.001, 0.01, 0.1], hidden_dim=[64, 200], dropout=[0.0, 0.5])
    rows[0] |= {
        "mean_test_score": float("nan"),
        "std_test_score": float("nan"),
        "error": "ValueError: diverged",
    }
    scales = {"param_learning_rate": "log", "param_hidden_dim": "linear"}
    figure = grid_search.plot_grid_search(rows, STYLE | {"scales": scales})
    assert [axes.get_xlabel() for axes in figure.axes] == ["learning_rate", "hidden_dim"]
    assert [axes.get_xscale() for axes in figure.axes] == ["log", "linear"]
    points, best, failed = figure.axes[0].get_lines()
    assert len(points.get_xdata()) == len(rows) - 1
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (0.1, 0.511)
    assert list(failed.get_xdata()) == [0.001]
    many = {f"param_p{number}": "linear" for number in range(5)}
    rows = results(p0=[1, 2], p1=[1, 2], p2=[1], p3=[1], p4=[1])
    figure = grid_search.plot_grid_search(rows, STYLE | {"scales": many})
    assert [axes.axison for axes in figure.axes] == [True] * 5 + [False]


def test_long_labels_are_shortened():
    rows = results(a=["x" * 100, "y"], b=[1, 2], c=[1, 2])
    assert (
        max(map(len, labels_of(grid_search.plot_grid_search(rows, STYLE), "y")))
        <= grid_search.MAX_LABEL_LENGTH
    )


def test_ambiguous_parameter_names_have_their_step():
    rows = results(knn__n_neighbors=[5], pca__n_components=[8], lda__n_components=[2])
    assert list(param_names(rows).values()) == ["n_neighbors", "pca__n_components", "lda__n_components"]
    assert param_names([]) == {}


def test_values_are_formatted_as_yaml():
    values = [None, True, False, 64, 64.0, 0.1, 1e-05, "rbf"]
    texts = ["null", "true", "false", "64", "64", "0.1", "1e-05", "rbf"]
    assert [format_value(value) for value in values] == texts


def test_the_job_plots_a_table(tmp_path):
    rows = results(C=[0.1, 1], class_weight=[None, "balanced"], dual=[True, False])
    write_csv(tmp_path / "cv_results.csv", {name: [row[name] for row in rows] for name in rows[0]})
    settings = STYLE | {"model": "linear"}
    table, figure = tmp_path / "cv_results.csv", tmp_path / "grid_search.svg"
    run_job(plot_grid_search, {"results": table}, {"figure": figure}, settings)
    svg = figure.read_text()
    assert "C 1, class_weight balanced, dual false" in svg
    assert "the best is 0.5070, with C 1, class_weight balanced, dual false." in svg
