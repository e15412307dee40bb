"""Findings on perceptrons follow the numbers, too."""

from dataclasses import replace

from altered import (
    EVEN,
    LOST,
    WON,
    finding,
    findings,
    with_accuracy,
    with_fit,
    with_history,
    with_models,
    with_pair,
)

from cifarbench.report import selectors
from cifarbench.report.claims import Verdict
from cifarbench.report.results import ModelResult, Results


def duels(study: Results, interval: tuple[float, float]) -> Results:
    for network in selectors.mlp_models(study):
        for neighbor in selectors.knn_models(study):
            study = with_pair(study, network.name, neighbor.name, interval)
    return study


def test_networks_win_only_when_all_do(study: Results):
    won = duels(study, WON)
    assert finding(won, "networks-win").verdict is Verdict.CONFIRMED
    assert (
        "Of 8 pairs of a perceptron and a kNN, the perceptron is better in 8"
        in finding(won, "networks-win").words
    )
    one_open = with_pair(won, "mlp", "knn_grid", EVEN)
    assert finding(one_open, "networks-win").verdict is Verdict.INCONCLUSIVE
    one_lost = with_pair(won, "mlp", "knn_grid", LOST)
    assert finding(one_lost, "networks-win").verdict is Verdict.CONTRADICTED
    assert finding(duels(study, LOST), "networks-win").verdict is Verdict.CONTRADICTED


def test_a_seed_on_the_other_side_leaves_it_open(study: Results):
    won = with_models(
        duels(study, WON), *(with_accuracy(model, 0.5) for model in selectors.knn_models(study))
    )
    for accuracy, verdict in ((0.6, Verdict.CONFIRMED), (0.4, Verdict.INCONCLUSIVE)):
        networks = [
            replace(with_accuracy(model, 0.55), other_seeds=[with_accuracy(model, accuracy)])
            for model in selectors.mlp_models(study)
        ]
        statement = finding(with_models(won, *networks), "networks-win")
        assert statement.verdict is verdict
        assert "Over its 2 seeds `mlp" in statement.words


def leveled(model: ModelResult, epoch: int | None) -> ModelResult:
    return replace(model, learning={**model.learning, "plateau": {"epoch": epoch, "gain": 0.01}})


def test_levelling_off_needs_a_plateau_on_test_and_a_climb_in_training(study: Results):
    mlp = study.models["mlp"]
    climbing = with_history(
        mlp, test_accuracy=lambda row: 0.5, train_accuracy=lambda row: 0.4 + row["epoch"] / 100
    )
    flat = with_history(climbing, train_accuracy=lambda row: 0.6)
    verdicts = [
        finding(with_models(study, model), "levels-off").verdict
        for model in (leveled(climbing, 20), leveled(flat, 20), leveled(climbing, None))
    ]
    assert verdicts == [Verdict.CONFIRMED, Verdict.CONTRADICTED, Verdict.CONTRADICTED]
    assert (
        "From epoch 21 to the last (60)"
        in finding(with_models(study, leveled(climbing, 20)), "levels-off").words
    )
    two = replace(leveled(climbing, 20), other_seeds=[leveled(climbing, None)])
    assert finding(with_models(study, two), "levels-off").verdict is Verdict.INCONCLUSIVE


def test_a_single_epoch_is_no_course(study: Results):
    once = [replace(model, history=model.history[:1]) for model in selectors.mlp_models(study)]
    of_courses = {"levels-off", "dropout-lifts-training-loss", "falls-faster", "falls-steadier"}
    assert of_courses <= findings(study).keys()
    assert not of_courses & findings(with_models(study, *once)).keys()


def test_dropout_lifts_the_training_loss_where_nothing_else_does(study: Results):
    name = "dropout-lifts-training-loss"

    def lifted(model: ModelResult, by: float) -> ModelResult:
        return with_history(model, test_loss=lambda row: 1.0, train_loss=lambda row: 1.0 + by)

    dropout, plain = study.models["mlp_batchnorm_dropout"], study.models["mlp"]
    above = with_models(study, lifted(dropout, 0.3), lifted(plain, -0.3))
    assert finding(above, name).verdict is Verdict.CONFIRMED
    assert "training loss of 1.300 and a test loss of 1.000" in finding(above, name).words
    below = with_models(study, lifted(dropout, -0.3), lifted(plain, -0.3))
    assert finding(below, name).verdict is Verdict.CONTRADICTED
    both = with_models(study, lifted(dropout, 0.3), lifted(plain, 0.3))
    assert finding(both, name).verdict is Verdict.INCONCLUSIVE
    swaying = with_history(lifted(dropout, 0), train_loss=lambda row: 0.8 + 0.4 * (row["epoch"] % 2))
    assert finding(with_models(study, swaying), name).verdict is Verdict.INCONCLUSIVE


def test_swapping_the_courses_of_two_networks_swaps_the_findings(study: Results):
    dropout, plain = study.models["mlp_batchnorm_dropout"], study.models["mlp"]
    swapped = with_models(
        study,
        replace(dropout, history=plain.history, learning=plain.learning),
        replace(plain, history=dropout.history, learning=dropout.learning),
    )
    opposite = {Verdict.CONFIRMED: Verdict.CONTRADICTED, Verdict.CONTRADICTED: Verdict.CONFIRMED}
    for name in ("falls-faster", "falls-steadier"):
        before, after = finding(study, name), finding(swapped, name)
        assert after.verdict is opposite[before.verdict]
    same = with_models(study, replace(plain, history=dropout.history, learning=dropout.learning))
    for name in ("falls-faster", "falls-steadier"):
        assert finding(same, name).verdict is Verdict.INCONCLUSIVE


def test_parameters_grow_where_there_is_one_for_each_pixel(study: Results):
    assert finding(study, "parameters-grow").verdict is Verdict.CONFIRMED
    assert "are 1,536 of the 2,410 parameters of `mlp`" in finding(study, "parameters-grow").words
    small = with_fit(study.models["mlp"], n_parameters=1000)
    assert finding(with_models(study, small), "parameters-grow").verdict is Verdict.CONTRADICTED


def test_augmentation_is_plausible_where_a_network_overfits(study: Results):
    def trained(train_accuracy: float) -> str:
        mlp = with_history(
            with_accuracy(study.models["mlp"], 0.6),
            train_accuracy=lambda row: train_accuracy,
            test_accuracy=lambda row: 0.6,
        )
        found = finding(with_models(study, mlp), "augmentation-next")
        assert found.verdict is Verdict.UNTESTED
        return found.words.split()[0]

    assert [trained(0.8), trained(0.55), trained(0.62)] == ["Plausible,", "Unlikely", "Open,"]


def test_convolutions_are_plausible_where_errors_are_left(study: Results):
    def accurate(accuracy: float) -> str:
        models = [with_accuracy(model, accuracy) for model in selectors.mlp_models(study)]
        found = finding(with_models(study, *models), "convolutions-next")
        assert found.verdict is Verdict.UNTESTED
        return found.words.split()[0]

    assert [accurate(0.5), accurate(0.999), accurate(0.98)] == ["Plausible,", "Unlikely", "Open,"]
