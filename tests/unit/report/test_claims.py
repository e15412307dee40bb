"""Verdicts of claims after replacing numbers of a run."""

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
    with_history,
    with_models,
    with_pair,
)

from cifarbench.report import selectors
from cifarbench.report.claims import CLAIMS, Verdict
from cifarbench.report.results import ModelResult, Results
from cifarbench.report.view import render
from helpers import small_run

CONFIRMED, CONTRADICTED, INCONCLUSIVE = Verdict.CONFIRMED, Verdict.CONTRADICTED, Verdict.INCONCLUSIVE
SUGGESTIONS = {name for name in CLAIMS if name.endswith("-next")}


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("pca-helps", "knn_pca", "knn_raw"), ("tuning-helps", "knn_grid", "knn_scaled_pca")],
)
def test_difference_decides_the_verdict(study: Results, name: str, first: str, second: str):
    won, lost, even = (finding(with_pair(study, first, second, pair), name) for pair in (WON, LOST, EVEN))
    assert (won.verdict, lost.verdict, even.verdict) == (CONFIRMED, CONTRADICTED, INCONCLUSIVE)
    assert "difference +0.030 (95% CI +0.020 to +0.040, p < 0.001)" in won.words
    assert "\N{MINUS SIGN}0.030" in lost.words
    # The order of the models in the file does not matter.
    swapped = with_pair(study, second, first, tuple(-bound for bound in reversed(WON)))
    assert finding(swapped, name) == won


def test_large_gain_is_not_described_as_small(study: Results):
    large, little = (
        finding(with_pair(study, "knn_pca", "knn_raw", pair), "pca-helps") for pair in ((0.1, 0.12), WON)
    )
    assert "The gain is larger than 0.05" in large.words
    assert "larger than" not in little.words


def test_significance_needs_the_corrected_test_too(study: Results):
    found = finding(with_pair(study, "knn_pca", "knn_raw", WON, p_value=0.07), "pca-helps")
    assert found.verdict is INCONCLUSIVE
    assert "not significant after correction" in found.words


@pytest.mark.parametrize(
    ("interval", "verdict", "words"),
    [
        ((0.002, 0.012), CONFIRMED, "is within"),
        ((-0.04, 0.03), INCONCLUSIVE, "exceeds"),
        ((0.01, 0.05), CONTRADICTED, "exceeds"),
        ((-0.05, -0.01), CONTRADICTED, "exceeds"),
    ],
)
def test_negligible_differences_have_an_interval_close_to_zero(study: Results, interval, verdict, words):
    found = finding(with_pair(study, "knn_scaled_pca", "knn_pca", interval), "scaling-changes-little")
    assert found.verdict is verdict
    assert f"The interval {words} \N{PLUS-MINUS SIGN}0.02" in found.words


def test_grid_that_selects_the_fixed_parameters_gains_nothing(study: Results):
    fixed, grid = study.models["knn_scaled_pca"], study.models["knn_grid"]
    same = with_fit(grid, params=fixed.params, features=fixed.features)
    found = finding(with_models(study, same), "tuning-helps")
    assert found.verdict is CONTRADICTED
    assert "These are the values of `knn_scaled_pca`." in found.words


# ---- Cost and size ----


@pytest.mark.parametrize(
    ("name", "column", "groups"),
    [
        ("neighbors-fit-fast", "fit_seconds", (selectors.untuned_knn, selectors.mlp_models)),
        ("neighbors-predict-slowly", "predict_seconds", (selectors.mlp_models, selectors.knn_models)),
    ],
)
def test_times_that_differ_by_a_factor_below_two_are_inconclusive(study: Results, name, column, groups):
    def timed(fast: float, slow: float) -> Finding:
        seconds = zip(groups, (fast, slow), strict=True)
        models = [with_fit(model, **{column: value}) for group, value in seconds for model in group(study)]
        return finding(with_models(study, *models), name)

    assert [timed(*seconds).verdict for seconds in ((1, 30), (30, 1), (1, 1.5))] == [
        CONFIRMED,
        CONTRADICTED,
        INCONCLUSIVE,
    ]
    words = timed(1, 30).words
    assert all(f"{n}\N{NO-BREAK SPACE}s" in words for n in ("1.0", "30"))
    # The fit time of `knn_grid` would include the search.
    assert ("`knn_grid` is excluded" in words) == (column == "fit_seconds")


def test_size_of_knn_is_compared_with_the_training_set(study: Results):
    small = [with_fit(model, stored_mb=0.001) for model in selectors.knn_models(study)]
    runs = (study, with_models(study, *small), with_models(study, small[0]))
    verdicts = [finding(run, "neighbors-keep-training-set").verdict for run in runs]
    assert verdicts == [CONFIRMED, CONTRADICTED, INCONCLUSIVE]


def test_parameters_grow_with_a_weight_per_pixel(study: Results):
    found = finding(study, "parameters-grow")
    assert found.verdict is CONFIRMED
    assert "are 1,536 of the 2,410 parameters of `mlp`" in found.words
    small = with_models(study, with_fit(study.models["mlp"], n_parameters=1000))
    assert finding(small, "parameters-grow").verdict is CONTRADICTED


def test_dimension_matters_if_all_folds_agree(study: Results):
    grid, name = study.models["knn_grid"], "suffers-from-dimension"
    study = with_pair(study, "knn_pca", "knn_raw", EVEN)

    def with_slopes(*slopes: float) -> Results:
        """Return the run with scores that are linear in the number of components, with a slope per fold."""
        scores = {f"split{fold}_test_score": slope / 100 for fold, slope in enumerate(slopes)}
        rows = [
            row | {fold: 0.5 + slope * row[selectors.N_COMPONENTS] for fold, slope in scores.items()}
            for row in grid.grid
        ]
        return with_models(study, replace(grid, grid=rows))

    worse, better, mixed = with_slopes(-1, -1, -1), with_slopes(1, 1, 1), with_slopes(-1, 0, 1)
    verdicts = [finding(run, name).verdict for run in (worse, better, mixed)]
    assert verdicts == [CONFIRMED, CONTRADICTED, INCONCLUSIVE]
    assert "better in 3 of 3 folds" in finding(worse, name).words
    # The difference on the test images must agree as well.
    assert finding(with_pair(worse, "knn_pca", "knn_raw", LOST), name).verdict is INCONCLUSIVE
    assert finding(with_pair(mixed, "knn_pca", "knn_raw", WON), name).verdict is CONFIRMED


# ---- Perceptrons ----


def with_all_pairs(study: Results, interval: tuple[float, float]) -> Results:
    for network in selectors.mlp_models(study):
        for neighbor in selectors.knn_models(study):
            study = with_pair(study, network.name, neighbor.name, interval)
    return study


def test_networks_win_only_if_all_pairs_agree(study: Results):
    won, lost = with_all_pairs(study, WON), with_all_pairs(study, LOST)
    one_open, one_lost = (with_pair(won, "mlp", "knn_grid", interval) for interval in (EVEN, LOST))
    verdicts = [finding(run, "networks-win").verdict for run in (won, lost, one_open, one_lost)]
    assert verdicts == [CONFIRMED, CONTRADICTED, INCONCLUSIVE, CONTRADICTED]
    assert "Of 8 pairs of a perceptron and a kNN, the perceptron is better in 8" in (
        finding(won, "networks-win").words
    )


@pytest.mark.parametrize(("accuracy", "verdict"), [(0.6, CONFIRMED), (0.4, INCONCLUSIVE)])
def test_all_seeds_must_agree(study: Results, accuracy: float, verdict: Verdict):
    knns = [with_accuracy(model, 0.5) for model in selectors.knn_models(study)]
    networks = [
        replace(with_accuracy(model, 0.55), other_seeds=[with_accuracy(model, accuracy)])
        for model in selectors.mlp_models(study)
    ]
    found = finding(with_models(with_all_pairs(study, WON), *knns, *networks), "networks-win")
    assert found.verdict is verdict
    assert "Over its 2 seeds `mlp" in found.words


def with_plateau(model: ModelResult, epoch: int | None, lowest: int = 30) -> ModelResult:
    summary = {"plateau": {"epoch": epoch, "gain": 0.01}, "lowest_test_loss": {"epoch": lowest, "value": 0.4}}
    return replace(model, learning=model.learning | summary)


def test_levelling_off_needs_a_plateau_a_climb_and_a_finished_training(study: Results):
    climbing = with_history(
        study.models["mlp"],
        test_accuracy=lambda row: 0.5,
        train_accuracy=lambda row: 0.4 + row["epoch"] / 100,
    )
    flat = with_history(climbing, train_accuracy=lambda row: 0.6)
    several = replace(with_plateau(climbing, 20), other_seeds=[with_plateau(climbing, None)])
    cases = {
        CONFIRMED: [with_plateau(climbing, 20)],
        CONTRADICTED: [with_plateau(flat, 20), with_plateau(climbing, None)],
        # A training whose lowest test loss is in the last epoch has not converged.
        INCONCLUSIVE: [several, with_plateau(climbing, 20, lowest=59)],
    }
    for verdict, models in cases.items():
        for model in models:
            found = finding(with_models(study, model), "levels-off")
            assert found.verdict is verdict
    # Epochs count from 1.
    assert "lowest in epoch 60 of 60: the training had not converged" in found.words
    assert "From epoch 21 to the last (60)" in found.words


def test_training_of_one_epoch_has_no_curve(study: Results):
    about_curves = {"levels-off", "dropout-lifts-training-loss", "falls-faster", "falls-steadier"}
    assert about_curves <= findings(study).keys()
    single = [replace(model, history=model.history[:1]) for model in selectors.mlp_models(study)]
    assert not about_curves & findings(with_models(study, *single)).keys()


def test_dropout_raises_the_training_loss_if_the_other_network_does_not(study: Results):
    name, dropout, plain = (
        "dropout-lifts-training-loss",
        study.models["mlp_batchnorm_dropout"],
        study.models["mlp"],
    )

    def shifted(model: ModelResult, by: float) -> ModelResult:
        return with_history(model, test_loss=lambda row: 1.0, train_loss=lambda row: 1.0 + by)

    noisy = with_history(shifted(dropout, 0), train_loss=lambda row: 0.8 + 0.4 * (row["epoch"] % 2))
    for models, verdict in (
        ((shifted(dropout, -0.3), shifted(plain, -0.3)), CONTRADICTED),
        ((shifted(dropout, 0.3), shifted(plain, 0.3)), INCONCLUSIVE),
        ((noisy,), INCONCLUSIVE),
        ((shifted(dropout, 0.3), shifted(plain, -0.3)), CONFIRMED),
    ):
        found = finding(with_models(study, *models), name)
        assert found.verdict is verdict
    assert "training loss of 1.300 and a test loss of 1.000" in found.words


@pytest.mark.parametrize("name", ["falls-faster", "falls-steadier"])
def test_swapped_curves_swap_the_verdict(study: Results, name: str):
    dropout, plain = study.models["mlp_batchnorm_dropout"], study.models["mlp"]

    def with_curve(model: ModelResult, other: ModelResult) -> ModelResult:
        return replace(model, history=other.history, learning=other.learning)

    swapped = with_models(study, with_curve(dropout, plain), with_curve(plain, dropout))
    assert {finding(run, name).verdict for run in (study, swapped)} == {CONFIRMED, CONTRADICTED}
    same = with_models(study, with_curve(plain, dropout))
    assert finding(same, name).verdict is INCONCLUSIVE


# ---- Which claims are checked ----


def test_suggestions_without_a_model_are_not_tested(study: Results):
    found = findings(study)
    assert {found[name].verdict for name in SUGGESTIONS} == {Verdict.UNTESTED}
    html, markdown = render(study, small_run.settings())
    assert markdown.count("No model of this run tests this suggestion.") == len(SUGGESTIONS)
    assert f"{len(SUGGESTIONS)} not tested" in markdown
    assert html.count('class="finding untested"') == len(SUGGESTIONS)


def test_claims_without_their_models_are_omitted(study: Results):
    names = list(study.models)
    subsets = chain.from_iterable(combinations(names, n) for n in range(1, len(names) + 1))
    found = {names: list(findings(subset(study, names))) for names in subsets}
    assert found[tuple(names)] == list(CLAIMS)
    assert found[("knn_raw",)] == ["neighbors-keep-training-set", "better-features-next"]
    assert "networks-win" not in found[("mlp", "mlp_batchnorm_dropout")]
    assert "pca-helps" not in found[("knn_pca", "knn_grid", "mlp")]


def test_claims_need_a_model_of_the_reference_study(study: Results):
    new = {name: f"model_{i}" for i, name in enumerate(study.models)}
    other = replace(
        study,
        models={new[name]: replace(model, name=new[name]) for name, model in study.models.items()},
        pairs=[replace(pair, first=new[pair.first], second=new[pair.second]) for pair in study.pairs],
    )
    assert findings(other) == {}
    # With one of its models, all models are selected by their properties instead of their names.
    mixed = with_models(other, study.models["knn_raw"])
    for name in other.models:
        mixed = with_pair(mixed, "knn_raw", name, EVEN)
    assert set(findings(mixed)) == set(findings(study))


def test_claims_are_checked_only_on_the_dataset_of_the_notebook(run: Results, study: Results):
    for text in render(run, small_run.settings()):
        assert "notebook" not in text.lower()
        assert "Published" not in text
    for text in render(study, small_run.settings()):
        assert "Claims of the reference notebook" in text
        assert "Published" in text
