"""Findings follow the numbers: a run is read, its numbers are swapped, and the text flips."""

from dataclasses import replace
from itertools import chain, combinations

import pytest
import small_run

from cifarbench.report.conclusions import RULES, Statement, Verdict, conclude
from cifarbench.report.language import Language, languages
from cifarbench.report.results import Model, Pair, Run

SAY = Language("en")
WON, LOST, EVEN = (0.02, 0.04), (-0.04, -0.02), (-0.01, 0.012)


@pytest.fixture(scope="module")
def run() -> Run:
    folder = small_run.shared()
    return Run.read(folder, small_run.files(folder))


def finding(run: Run, name: str) -> Statement:
    return next(statement for statement in conclude(run, SAY) if statement.name == name)


def with_models(run: Run, *models: Model) -> Run:
    return replace(run, models={**run.models, **{model.name: model for model in models}})


def with_fit(model: Model, **values) -> Model:
    return replace(model, fit={**model.fit, **values})


def with_accuracy(model: Model, accuracy: float, half_width: float = 0.01) -> Model:
    interval = [accuracy - half_width, accuracy + half_width]
    return replace(model, metrics={**model.metrics, "accuracy": accuracy, "accuracy_ci95": interval})


def with_history(model: Model, **columns) -> Model:
    """The same model with some columns replaced by functions of a row."""
    rows = [{**row, **{name: change(row) for name, change in columns.items()}} for row in model.history]
    return replace(model, history=rows)


def with_pair(
    run: Run, first: str, second: str, interval: tuple[float, float], p_value: float | None = None
) -> Run:
    """The same run with another difference between two models."""
    low, high = interval
    p_value = p_value if p_value is not None else (0.0004 if low > 0 or high < 0 else 0.6)
    pair = Pair(first, second, (low + high) / 2, low, high, p_value, p_value)
    others = [old for old in run.pairs if {old.first, old.second} != {first, second}]
    return replace(run, pairs=[*others, pair])


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
    fixed = run.models["knn_scaled_pca"].params
    grid = run.models["knn_grid"]
    same = with_fit(grid, params={**grid.params, **fixed})
    statement = finding(with_models(run, same), "tuning-helps")
    assert statement.verdict is Verdict.REVERSED
    assert "gains nothing" in statement.finding


def duels(run: Run, interval: tuple[float, float]) -> Run:
    for network in run.networks:
        for neighbor in run.neighbors:
            run = with_pair(run, network.name, neighbor.name, interval)
    return run


def test_networks_win_only_when_all_do(run: Run):
    won = duels(run, WON)
    assert finding(won, "networks-win").verdict is Verdict.BORNE_OUT
    assert "Of 8 pairs of a network and a kNN, 8 go to the network" in finding(won, "networks-win").figures
    one_open = with_pair(won, "mlp", "knn_grid", EVEN)
    assert finding(one_open, "networks-win").verdict is Verdict.OPEN
    one_lost = with_pair(won, "mlp", "knn_grid", LOST)
    assert finding(one_lost, "networks-win").finding == "Not every network beats every kNN."
    assert finding(duels(run, LOST), "networks-win").finding == "Every kNN beats every network."


def test_a_seed_on_the_other_side_leaves_it_open(run: Run):
    won = with_models(duels(run, WON), *(with_accuracy(model, 0.5) for model in run.neighbors))
    for accuracy, verdict in ((0.6, Verdict.BORNE_OUT), (0.4, Verdict.OPEN)):
        networks = [
            replace(with_accuracy(model, 0.55), reruns=[with_accuracy(model, accuracy)])
            for model in run.networks
        ]
        statement = finding(with_models(won, *networks), "networks-win")
        assert statement.verdict is verdict
        assert "Over its 2 seeds `mlp" in statement.figures


def leveled(model: Model, epoch: int | None) -> Model:
    return replace(model, learning={**model.learning, "levels_off": {"epoch": epoch, "gain": 0.01}})


def test_levelling_off_needs_a_plateau_on_test_and_a_climb_in_training(run: Run):
    mlp = run.models["mlp"]
    climbing = with_history(
        mlp, test_accuracy=lambda row: 0.5, train_accuracy=lambda row: 0.4 + row["epoch"] / 100
    )
    flat = with_history(climbing, train_accuracy=lambda row: 0.6)
    findings = {
        finding(with_models(run, model), "levels-off").finding: finding(
            with_models(run, model), "levels-off"
        ).verdict
        for model in (leveled(climbing, 20), leveled(flat, 20), leveled(climbing, None))
    }
    assert list(findings.values()) == [Verdict.BORNE_OUT, Verdict.REVERSED, Verdict.REVERSED]
    assert (
        "From epoch 20 to the last, 59"
        in finding(with_models(run, leveled(climbing, 20)), "levels-off").figures
    )
    two = replace(leveled(climbing, 20), reruns=[leveled(climbing, None)])
    assert finding(with_models(run, two), "levels-off").verdict is Verdict.OPEN


def test_dropout_lifts_the_training_loss_where_nothing_else_does(run: Run):
    name = "dropout-lifts-training-loss"

    def lifted(model: Model, by: float) -> Model:
        return with_history(model, test_loss=lambda row: 1.0, train_loss=lambda row: 1.0 + by)

    dropout, plain = run.models["mlp_batchnorm_dropout"], run.models["mlp"]
    above = with_models(run, lifted(dropout, 0.3), lifted(plain, -0.3))
    assert finding(above, name).verdict is Verdict.BORNE_OUT
    assert "training loss of 1.300, a test loss of 1.000" in finding(above, name).figures
    below = with_models(run, lifted(dropout, -0.3), lifted(plain, -0.3))
    assert finding(below, name).verdict is Verdict.REVERSED
    both = with_models(run, lifted(dropout, 0.3), lifted(plain, 0.3))
    assert finding(both, name).verdict is Verdict.OPEN
    swaying = with_history(lifted(dropout, 0), train_loss=lambda row: 0.8 + 0.4 * (row["epoch"] % 2))
    assert finding(with_models(run, swaying), name).verdict is Verdict.OPEN


def test_swapping_the_courses_of_two_networks_swaps_the_findings(run: Run):
    dropout, plain = run.models["mlp_batchnorm_dropout"], run.models["mlp"]
    swapped = with_models(
        run,
        replace(dropout, history=plain.history, learning=plain.learning),
        replace(plain, history=dropout.history, learning=dropout.learning),
    )
    opposite = {Verdict.BORNE_OUT: Verdict.REVERSED, Verdict.REVERSED: Verdict.BORNE_OUT}
    for name in ("falls-faster", "falls-steadier"):
        before, after = finding(run, name), finding(swapped, name)
        assert after.verdict is opposite[before.verdict]
        assert after.finding != before.finding
    same = with_models(run, replace(plain, history=dropout.history, learning=dropout.learning))
    for name in ("falls-faster", "falls-steadier"):
        assert finding(same, name).verdict is Verdict.OPEN


@pytest.mark.parametrize(
    ("name", "column", "kinds"),
    [
        ("neighbors-fit-fast", "fit_seconds", ("untuned_neighbors", "networks")),
        ("neighbors-predict-slowly", "predict_seconds", ("networks", "neighbors")),
    ],
)
def test_times_that_differ_by_less_than_two_tell_nothing(run: Run, name, column, kinds):
    def timed(quick: float, slow: float) -> Statement:
        models = [
            with_fit(model, **{column: seconds})
            for kind, seconds in zip(kinds, (quick, slow), strict=True)
            for model in getattr(run, kind)
        ]
        return finding(with_models(run, *models), name)

    assert timed(1, 30).verdict is Verdict.BORNE_OUT
    assert all(f"{n}\N{NO-BREAK SPACE}s" in timed(1, 30).figures for n in ("1.00", "30.0"))
    assert timed(30, 1).verdict is Verdict.REVERSED
    assert timed(1, 1.5).verdict is Verdict.OPEN


def test_what_is_kept_is_held_against_the_training_set(run: Run):
    name = "neighbors-keep-training-set"
    assert finding(run, name).verdict is Verdict.BORNE_OUT
    small = [with_fit(model, stored_mb=0.001) for model in run.neighbors]
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


def test_parameters_grow_where_there_is_one_for_each_pixel(run: Run):
    assert finding(run, "parameters-grow").verdict is Verdict.BORNE_OUT
    assert "1,536 of the 2,410 parameters of `mlp` (64%)" in finding(run, "parameters-grow").figures
    small = with_fit(run.models["mlp"], n_parameters=1000)
    assert finding(with_models(run, small), "parameters-grow").verdict is Verdict.REVERSED


def test_next_for_neighbors_is_what_moves_accuracy_most(run: Run):
    def spanning(features: float, numbers: float) -> Run:
        fixed = [
            with_accuracy(model, 0.5 + features * (model.name == "knn_pca"))
            for model in run.untuned_neighbors
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


def test_augmentation_is_next_where_a_network_overfits(run: Run):
    def trained(train_accuracy: float) -> Run:
        mlp = with_history(
            with_accuracy(run.models["mlp"], 0.6),
            train_accuracy=lambda row: train_accuracy,
            test_accuracy=lambda row: 0.6,
        )
        return with_models(run, mlp)

    name = "augmentation-next"
    assert finding(trained(0.8), name).verdict is Verdict.BORNE_OUT
    assert finding(trained(0.55), name).verdict is Verdict.REVERSED
    assert finding(trained(0.62), name).verdict is Verdict.OPEN


def test_convolutions_are_next_where_errors_are_left(run: Run):
    def accurate(accuracy: float) -> Run:
        return with_models(run, *(with_accuracy(model, accuracy) for model in run.networks))

    name = "convolutions-next"
    assert finding(accurate(0.5), name).verdict is Verdict.BORNE_OUT
    assert finding(accurate(0.999), name).verdict is Verdict.REVERSED
    assert finding(accurate(0.98), name).verdict is Verdict.OPEN


def part(run: Run, names: tuple[str, ...]) -> Run:
    return replace(
        run,
        models={name: run.models[name] for name in names},
        pairs=[pair for pair in run.pairs if pair.first in names and pair.second in names],
    )


@pytest.mark.parametrize("language", languages())
def test_a_rule_without_its_models_is_left_out(run: Run, language: str):
    say = Language(language)
    names = list(run.models)
    some = chain.from_iterable(combinations(names, n) for n in range(1, len(names) + 1))
    found = {names: [statement.name for statement in conclude(part(run, names), say)] for names in some}
    assert len(found[tuple(names)]) == len(RULES)
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
