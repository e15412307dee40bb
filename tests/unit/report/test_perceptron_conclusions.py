"""Findings on perceptrons follow the numbers, too."""

from dataclasses import replace

from altered import (
    EVEN,
    LOST,
    SAY,
    WON,
    finding,
    with_accuracy,
    with_fit,
    with_history,
    with_models,
    with_pair,
)

from cifarbench.report.conclusions import Verdict, conclude, subjects
from cifarbench.report.results import Model, Run


def duels(run: Run, interval: tuple[float, float]) -> Run:
    for network in subjects.perceptrons(run):
        for neighbor in subjects.neighbors(run):
            run = with_pair(run, network.name, neighbor.name, interval)
    return run


def test_networks_win_only_when_all_do(run: Run):
    won = duels(run, WON)
    assert finding(won, "networks-win").verdict is Verdict.BORNE_OUT
    assert (
        "Of 8 pairs of a perceptron and a kNN, 8 go to the perceptron" in finding(won, "networks-win").figures
    )
    one_open = with_pair(won, "mlp", "knn_grid", EVEN)
    assert finding(one_open, "networks-win").verdict is Verdict.OPEN
    one_lost = with_pair(won, "mlp", "knn_grid", LOST)
    assert finding(one_lost, "networks-win").finding == "Not every perceptron beats every kNN."
    assert finding(duels(run, LOST), "networks-win").finding == "Every kNN beats every perceptron."


def test_a_seed_on_the_other_side_leaves_it_open(run: Run):
    won = with_models(duels(run, WON), *(with_accuracy(model, 0.5) for model in subjects.neighbors(run)))
    for accuracy, verdict in ((0.6, Verdict.BORNE_OUT), (0.4, Verdict.OPEN)):
        networks = [
            replace(with_accuracy(model, 0.55), reruns=[with_accuracy(model, accuracy)])
            for model in subjects.perceptrons(run)
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


def test_a_single_epoch_is_no_course(run: Run):
    once = [replace(model, history=model.history[:1]) for model in subjects.perceptrons(run)]
    of_courses = {"levels-off", "dropout-lifts-training-loss", "falls-faster", "falls-steadier"}
    assert of_courses <= {statement.name for statement in conclude(run, SAY)}
    assert not of_courses & {statement.name for statement in conclude(with_models(run, *once), SAY)}


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


def test_parameters_grow_where_there_is_one_for_each_pixel(run: Run):
    assert finding(run, "parameters-grow").verdict is Verdict.BORNE_OUT
    assert "1,536 of the 2,410 parameters of `mlp` (64%)" in finding(run, "parameters-grow").figures
    small = with_fit(run.models["mlp"], n_parameters=1000)
    assert finding(with_models(run, small), "parameters-grow").verdict is Verdict.REVERSED


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
        return with_models(run, *(with_accuracy(model, accuracy) for model in subjects.perceptrons(run)))

    name = "convolutions-next"
    assert finding(accurate(0.5), name).verdict is Verdict.BORNE_OUT
    assert finding(accurate(0.999), name).verdict is Verdict.REVERSED
    assert finding(accurate(0.98), name).verdict is Verdict.OPEN
