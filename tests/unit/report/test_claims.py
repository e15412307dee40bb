"""Claims follow the numbers: a run is read, its numbers are replaced, and the verdict changes."""

from dataclasses import replace
from itertools import chain, combinations

import pytest
from altered import (
    EVEN,
    LOST,
    WON,
    Finding,
    finding,
    findings,
    subset,
    with_accuracy,
    with_fit,
    with_models,
    with_pair,
)

from cifarbench.report import selectors
from cifarbench.report.claims import CLAIMS, Verdict
from cifarbench.report.language import Language, languages
from cifarbench.report.page import render
from cifarbench.report.results import Results
from helpers import small_run


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("pca-helps", "knn_pca", "knn_raw"), ("tuning-helps", "knn_grid", "knn_scaled_pca")],
)
def test_a_difference_confirms_contradicts_or_is_inconclusive(
    study: Results, name: str, first: str, second: str
):
    found = {
        interval: finding(with_pair(study, first, second, interval), name) for interval in (WON, LOST, EVEN)
    }
    assert [found[interval].verdict for interval in (WON, LOST, EVEN)] == [
        Verdict.CONFIRMED,
        Verdict.CONTRADICTED,
        Verdict.INCONCLUSIVE,
    ]
    assert "difference +0.030 (95% interval +0.020 to +0.040, p < 0.001)" in found[WON].words
    assert "\N{MINUS SIGN}0.030" in found[LOST].words
    # The order of the two in the file does not matter.
    swapped = with_pair(study, second, first, tuple(-bound for bound in reversed(WON)))
    assert finding(swapped, name) == found[WON]


def test_a_large_gain_is_not_called_a_little(study: Results):
    large = finding(with_pair(study, "knn_pca", "knn_raw", (0.1, 0.12)), "pca-helps")
    assert "The gain is larger than 0.05" in large.words
    assert "larger than" not in finding(with_pair(study, "knn_pca", "knn_raw", WON), "pca-helps").words


def test_significance_needs_the_corrected_test_too(study: Results):
    found = finding(with_pair(study, "knn_pca", "knn_raw", WON, p_value=0.07), "pca-helps")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "not significant after correction" in found.words


@pytest.mark.parametrize(
    ("interval", "verdict", "words"),
    [
        ((-0.01, 0.012), Verdict.CONFIRMED, "is within"),
        ((0.002, 0.012), Verdict.CONFIRMED, "is within"),
        ((-0.04, 0.03), Verdict.INCONCLUSIVE, "exceeds"),
        ((0.01, 0.05), Verdict.CONTRADICTED, "exceeds"),
        ((-0.05, -0.01), Verdict.CONTRADICTED, "exceeds"),
    ],
)
def test_next_to_nothing_is_an_interval_close_to_zero(study: Results, interval, verdict, words):
    found = finding(with_pair(study, "knn_scaled_pca", "knn_pca", interval), "scaling-changes-little")
    assert found.verdict is verdict
    assert f"The interval {words} \N{PLUS-MINUS SIGN}0.02" in found.words


def test_a_grid_that_selects_the_fixed_pair_gains_nothing(study: Results):
    fixed, grid = study.models["knn_scaled_pca"], study.models["knn_grid"]
    same = with_fit(grid, params=fixed.params, features=fixed.features)
    found = finding(with_models(study, same), "tuning-helps")
    assert found.verdict is Verdict.CONTRADICTED
    assert "These are the values of `knn_scaled_pca`." in found.words


@pytest.mark.parametrize(
    ("name", "column", "groups"),
    [
        ("neighbors-fit-fast", "fit_seconds", (selectors.untuned_knn, selectors.mlp_models)),
        ("neighbors-predict-slowly", "predict_seconds", (selectors.mlp_models, selectors.knn_models)),
    ],
)
def test_times_that_differ_by_less_than_two_are_inconclusive(study: Results, name, column, groups):
    def timed(quick: float, slow: float) -> Finding:
        models = [
            with_fit(model, **{column: seconds})
            for group, seconds in zip(groups, (quick, slow), strict=True)
            for model in group(study)
        ]
        return finding(with_models(study, *models), name)

    assert timed(1, 30).verdict is Verdict.CONFIRMED
    assert all(f"{n}\N{NO-BREAK SPACE}s" in timed(1, 30).words for n in ("1.00", "30.0"))
    assert ("`knn_grid` is left out" in timed(1, 30).words) == (column == "fit_seconds")
    assert timed(30, 1).verdict is Verdict.CONTRADICTED
    assert timed(1, 1.5).verdict is Verdict.INCONCLUSIVE


def test_what_knn_stores_is_compared_with_the_training_set(study: Results):
    name = "neighbors-keep-training-set"
    assert finding(study, name).verdict is Verdict.CONFIRMED
    small = [with_fit(model, stored_mb=0.001) for model in selectors.knn_models(study)]
    assert finding(with_models(study, *small), name).verdict is Verdict.CONTRADICTED
    assert finding(with_models(study, small[0]), name).verdict is Verdict.INCONCLUSIVE


def test_dimension_hurts_when_every_fold_agrees(study: Results):
    grid = study.models["knn_grid"]
    study = with_pair(study, "knn_pca", "knn_raw", EVEN)

    def scored(score) -> Results:
        rows = [
            {**row, **{f"split{fold}_test_score": score(row, fold) for fold in range(3)}} for row in grid.grid
        ]
        return with_models(study, replace(grid, grid=rows))

    def size(row) -> float:
        return row["param_pca__n_components"] / 100

    name = "suffers-from-dimension"
    worse, better = scored(lambda row, fold: 0.9 - size(row)), scored(lambda row, fold: 0.5 + size(row))
    mixed = scored(lambda row, fold: 0.5 + size(row) * (fold - 1))
    assert finding(worse, name).verdict is Verdict.CONFIRMED
    assert "better in 3 of 3 folds" in finding(worse, name).words
    assert finding(better, name).verdict is Verdict.CONTRADICTED
    assert finding(mixed, name).verdict is Verdict.INCONCLUSIVE
    assert finding(with_pair(worse, "knn_pca", "knn_raw", LOST), name).verdict is Verdict.INCONCLUSIVE
    assert finding(with_pair(mixed, "knn_pca", "knn_raw", WON), name).verdict is Verdict.CONFIRMED


def test_better_features_are_plausible_where_they_change_accuracy_most(study: Results):
    def spanning(features: float, numbers: float) -> str:
        untuned = [
            with_accuracy(model, 0.5 + features * (model.name == "knn_pca"))
            for model in selectors.untuned_knn(study)
        ]
        grid = study.models["knn_grid"]
        rows = [
            {**row, "mean_test_score": 0.5 + numbers * (row["param_knn__n_neighbors"] == 5)}
            for row in grid.grid
        ]
        found = finding(with_models(study, *untuned, replace(grid, grid=rows)), "better-features-next")
        assert found.verdict is Verdict.UNTESTED
        return found.words.split()[0]

    assert [spanning(0.2, 0.05), spanning(0.05, 0.2), spanning(0.1, 0.1)] == [
        "Plausible,",
        "Unlikely",
        "Open,",
    ]


@pytest.mark.parametrize("language", languages())
def test_a_claim_without_its_models_is_left_out(study: Results, language: str):
    names = list(study.models)
    some = chain.from_iterable(combinations(names, n) for n in range(1, len(names) + 1))
    found = {names: list(findings(subset(study, names), Language(language))) for names in some}
    # Whether tuning helps networks takes a network that was tuned.
    assert len(found[tuple(names)]) == len(CLAIMS) - 1
    assert found[("knn_raw",)] == ["neighbors-keep-training-set"]
    assert "networks-win" not in found[("mlp", "mlp_batchnorm_dropout")]
    assert "pca-helps" not in found[("knn_pca", "knn_grid", "mlp")]


def test_claims_need_a_model_of_the_reference_study(study: Results):
    def renamed(name: str) -> str:
        return f"model_{list(study.models).index(name)}"

    other = replace(
        study,
        models={renamed(name): replace(model, name=renamed(name)) for name, model in study.models.items()},
        pairs=[replace(pair, first=renamed(pair.first), second=renamed(pair.second)) for pair in study.pairs],
    )
    assert findings(other) == {}
    # Beside one of them, models are selected by their properties, not by their names.
    raw = study.models["knn_raw"]
    mixed = with_models(other, raw)
    for name in other.models:
        mixed = with_pair(mixed, "knn_raw", name, EVEN)
    assert set(findings(mixed)) == set(findings(study))


def test_other_images_have_findings_without_a_word_of_the_notebook(run: Results, study: Results):
    for text in render(run, small_run.settings()):
        assert "notebook" not in text.lower()
        assert "pairs of models differ significantly" in text
        assert "Time to fit: from" in text
        assert "Ablation" in text
    for text in render(study, small_run.settings()):
        assert "Claims of the reference notebook" in text
        assert "pairs of models differ significantly" in text
