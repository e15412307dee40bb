"""Findings follow the numbers: a run is read, its numbers are swapped, and the text flips."""

from dataclasses import replace
from itertools import chain, combinations

import pytest
from altered import (
    EVEN,
    LOST,
    SAY,
    WON,
    finding,
    part,
    with_accuracy,
    with_fit,
    with_models,
    with_pair,
)

from cifarbench.report.conclusions import RULES, Statement, Verdict, conclude, subjects
from cifarbench.report.language import Language, languages
from cifarbench.report.results import Run


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("pca-helps", "knn_pca", "knn_raw"), ("tuning-helps", "knn_grid", "knn_scaled_pca")],
)
def test_a_difference_is_stated_reversed_or_left_open(run: Run, name: str, first: str, second: str):
    found = {
        interval: finding(with_pair(run, first, second, interval), name) for interval in (WON, LOST, EVEN)
    }
    assert [found[interval].verdict for interval in (WON, LOST, EVEN)] == [
        Verdict.BORNE_OUT,
        Verdict.REVERSED,
        Verdict.OPEN,
    ]
    assert len({statement.finding for statement in found.values()}) == 3
    assert "can't be told" in found[EVEN].finding
    assert "+0.030 (95% interval +0.020 to +0.040; p < 0.001" in found[WON].figures
    assert "\N{MINUS SIGN}0.030" in found[LOST].figures
    # Which of the two is named first in the file says nothing.
    turned = with_pair(run, second, first, tuple(-bound for bound in reversed(WON)))
    assert finding(turned, name) == found[WON]


def test_a_large_gain_is_not_called_a_little(run: Run):
    assert "a little" not in finding(
        with_pair(run, "knn_pca", "knn_raw", (0.1, 0.12)), "pca-helps"
    ).finding.replace("more than a little", "")


def test_an_interval_beside_zero_needs_the_corrected_test_too(run: Run):
    statement = finding(with_pair(run, "knn_pca", "knn_raw", WON, p_value=0.07), "pca-helps")
    assert statement.verdict is Verdict.OPEN
    assert "chance" in statement.figures


@pytest.mark.parametrize(
    ("interval", "verdict", "word"),
    [
        ((-0.01, 0.012), Verdict.BORNE_OUT, "next to nothing"),
        ((0.002, 0.012), Verdict.BORNE_OUT, "next to nothing"),
        ((-0.04, 0.03), Verdict.OPEN, "can't be told"),
        ((0.01, 0.05), Verdict.REVERSED, "helps"),
        ((-0.05, -0.01), Verdict.REVERSED, "hurts"),
    ],
)
def test_next_to_nothing_is_an_interval_close_to_zero(run: Run, interval, verdict, word):
    statement = finding(with_pair(run, "knn_scaled_pca", "knn_pca", interval), "scaling-changes-little")
    assert statement.verdict is verdict
    assert word in statement.finding


def test_a_grid_that_chooses_the_fixed_pair_gains_nothing(run: Run):
    fixed, grid = run.models["knn_scaled_pca"], run.models["knn_grid"]
    same = with_fit(grid, params=fixed.params, features=fixed.features)
    statement = finding(with_models(run, same), "tuning-helps")
    assert statement.verdict is Verdict.REVERSED
    assert "gains nothing" in statement.finding


@pytest.mark.parametrize(
    ("name", "column", "kinds"),
    [
        ("neighbors-fit-fast", "fit_seconds", (subjects.untuned_neighbors, subjects.perceptrons)),
        ("neighbors-predict-slowly", "predict_seconds", (subjects.perceptrons, subjects.neighbors)),
    ],
)
def test_times_that_differ_by_less_than_two_tell_nothing(run: Run, name, column, kinds):
    def timed(quick: float, slow: float) -> Statement:
        models = [
            with_fit(model, **{column: seconds})
            for kind, seconds in zip(kinds, (quick, slow), strict=True)
            for model in kind(run)
        ]
        return finding(with_models(run, *models), name)

    assert timed(1, 30).verdict is Verdict.BORNE_OUT
    assert all(f"{n}\N{NO-BREAK SPACE}s" in timed(1, 30).figures for n in ("1.00", "30.0"))
    assert timed(30, 1).verdict is Verdict.REVERSED
    assert timed(1, 1.5).verdict is Verdict.OPEN


def test_what_is_kept_is_held_against_the_training_set(run: Run):
    name = "neighbors-keep-training-set"
    assert finding(run, name).verdict is Verdict.BORNE_OUT
    small = [with_fit(model, stored_mb=0.001) for model in subjects.neighbors(run)]
    assert finding(with_models(run, *small), name).verdict is Verdict.REVERSED
    assert finding(with_models(run, small[0]), name).verdict is Verdict.OPEN


def test_dimension_hurts_when_every_fold_says_so(run: Run):
    grid = run.models["knn_grid"]
    run = with_pair(run, "knn_pca", "knn_raw", EVEN)

    def scored(score) -> Run:
        rows = [
            {**row, **{f"split{fold}_test_score": score(row, fold) for fold in range(3)}} for row in grid.grid
        ]
        return with_models(run, replace(grid, grid=rows))

    def size(row) -> float:
        return row["param_pca__n_components"] / 100

    name = "suffers-from-dimension"
    worse, better = scored(lambda row, fold: 0.9 - size(row)), scored(lambda row, fold: 0.5 + size(row))
    mixed = scored(lambda row, fold: 0.5 + size(row) * (fold - 1))
    assert finding(worse, name).verdict is Verdict.BORNE_OUT
    assert "3 of 3 folds" in finding(worse, name).figures
    assert finding(better, name).verdict is Verdict.REVERSED
    assert finding(mixed, name).verdict is Verdict.OPEN
    assert finding(with_pair(worse, "knn_pca", "knn_raw", LOST), name).verdict is Verdict.OPEN
    assert finding(with_pair(mixed, "knn_pca", "knn_raw", WON), name).verdict is Verdict.BORNE_OUT


def test_next_for_neighbors_is_what_moves_accuracy_most(run: Run):
    def spanning(features: float, numbers: float) -> Run:
        fixed = [
            with_accuracy(model, 0.5 + features * (model.name == "knn_pca"))
            for model in subjects.untuned_neighbors(run)
        ]
        grid = run.models["knn_grid"]
        rows = [
            {**row, "mean_test_score": 0.5 + numbers * (row["param_knn__n_neighbors"] == 5)}
            for row in grid.grid
        ]
        return with_models(run, *fixed, replace(grid, grid=rows))

    name = "better-features-next"
    assert finding(spanning(0.2, 0.05), name).verdict is Verdict.BORNE_OUT
    assert finding(spanning(0.05, 0.2), name).verdict is Verdict.REVERSED
    assert finding(spanning(0.1, 0.1), name).verdict is Verdict.OPEN


@pytest.mark.parametrize("language", languages())
def test_a_rule_without_its_models_is_left_out(run: Run, language: str):
    say = Language(language)
    names = list(run.models)
    some = chain.from_iterable(combinations(names, n) for n in range(1, len(names) + 1))
    found = {names: [statement.name for statement in conclude(part(run, names), say)] for names in some}
    # Whether tuning helps networks takes a network that was tuned.
    assert len(found[tuple(names)]) == len(RULES) - 1
    assert found[("knn_raw",)] == ["neighbors-keep-training-set"]
    assert "networks-win" not in found[("mlp", "mlp_batchnorm_dropout")]
    assert "pca-helps" not in found[("knn_pca", "knn_grid", "mlp")]


def test_models_are_found_by_their_properties(run: Run):
    def renamed(name: str) -> str:
        return f"model_{list(run.models).index(name)}"

    other = replace(
        run,
        models={renamed(name): replace(model, name=renamed(name)) for name, model in run.models.items()},
        pairs=[replace(pair, first=renamed(pair.first), second=renamed(pair.second)) for pair in run.pairs],
    )
    assert [(one.name, one.verdict) for one in conclude(other, SAY)] == [
        (one.name, one.verdict) for one in conclude(run, SAY)
    ]
    assert not any(name in one.figures for one in conclude(other, SAY) for name in run.models)
