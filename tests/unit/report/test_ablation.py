"""Ablation: pairs of models that differ in one factor, found by their properties instead of their names."""

from dataclasses import replace

import pytest
from altered import LOST, WON, findings, on_cifar10, with_fit, with_models, with_pair

from cifarbench.report.ablation import Factor, ablation
from cifarbench.report.claims import Verdict
from cifarbench.report.results import ModelResult, Results
from cifarbench.report.translation import Translator
from cifarbench.report.view import render
from helpers import small_run

EDGES = {"name": "edges", "type": "hog", "params": {"pixels_per_cell": 8}}
LDA = {"name": "lda", "type": "lda", "params": {"shrinkage": 0.1}}
TRAINING = {"momentum": 0, "weight_decay": 0, "schedule": "constant", "label_smoothing": 0}
PLAIN = TRAINING | {"flip": False, "translate": 0, "tta_flip": False}
CONVOLUTIONS = "convolutional networks"


def other(
    model: ModelResult, name: str, kind: str | None = None, params: dict | None = None, **values
) -> ModelResult:
    """Return a changed copy of a model under another name."""
    found = with_fit(
        model, family_label=kind or model.kind, params={**model.params, **(params or {})}, **values
    )
    return replace(found, name=name)


def extended(run: Results, *models: ModelResult) -> Results:
    """Return the run with more models that do not differ significantly from any other."""
    run = with_models(run, *models)
    for new in models:
        for old in run.models:
            if old != new.name:
                run = with_pair(run, old, new.name, (-0.01, 0.012))
    return run


def found(run: Results, factor: Factor | str) -> list[tuple[str, str, tuple[str, ...]]]:
    rows = [row for row in ablation(run) if row.factor == factor]
    return [(row.before.name, row.after.name, row.confounders) for row in rows]


@pytest.fixture
def convolutional(run: Results) -> Results:
    """Return the run with three convolutional networks."""
    mlp = run.models["mlp"]
    n = mlp.fit["n_parameters"]
    small = other(mlp, "small", CONVOLUTIONS, PLAIN | {"width": 4}, n_parameters=n // 2)
    plain = other(mlp, "plain", CONVOLUTIONS, PLAIN | {"width": 32}, n_parameters=4 * n)
    full = other(plain, "full", params={"flip": True, "translate": 2, "tta_flip": True})
    return extended(run, small, plain, full)


def test_reference_models_differ_by_features_classifier_and_tuning(run: Results):
    assert found(run, Factor.FEATURES) == [("knn_raw", "knn_pca", ()), ("knn_pca", "knn_scaled_pca", ())]
    ((before, after, besides),) = found(run, Factor.CLASSIFIER)
    assert (before, besides) == ("knn_raw", ())
    assert after == max(("mlp", "mlp_batchnorm_dropout"), key=lambda name: run.models[name].accuracy)
    assert found(run, Factor.REGULARIZATION) == [("mlp", "mlp_batchnorm_dropout", ())]
    assert found(run, Factor.TUNING) == [("knn_scaled_pca", "knn_grid", ())]
    assert found(run, Factor.CONVOLUTION) == found(run, Factor.AUGMENTATION) == []


def test_pipelines_are_compared_with_the_longest_shorter_one(run: Results):
    raw = run.models["knn_raw"]
    edges = other(raw, "on_edges", features=[EDGES])
    both = other(raw, "on_both", params={"metric": "cosine"}, features=[EDGES, LDA])
    steps = found(extended(run, edges, both), Factor.FEATURES)
    assert ("knn_raw", "on_edges", ()) in steps
    assert ("on_edges", "on_both", ("metric",)) in steps
    assert ("knn_raw", "on_both", ("metric",)) in found(extended(run, both), Factor.FEATURES)


def test_classifiers_are_compared_on_the_same_features(nine: Results):
    edges = other(nine.models["knn_raw"], "on_edges", features=nine.models["linear_edges"].features)
    steps = found(extended(nine, edges), Factor.CLASSIFIER)
    assert ("on_edges", "linear_edges", ("tuning",)) in steps
    assert not [step for step in steps if step[0] == "knn_pca"]


def test_convolutional_network_is_compared_with_a_perceptron_of_its_size(convolutional: Results):
    ((before, after, besides),) = found(convolutional, Factor.CONVOLUTION)
    assert (after, besides) == ("small", ())
    assert before in ("mlp", "mlp_batchnorm_dropout")
    without = replace(
        convolutional, models={name: one for name, one in convolutional.models.items() if name != "small"}
    )
    assert [step[1:] for step in found(without, Factor.CONVOLUTION)] == [("plain", ("n_parameters",))]


def test_augmentation_is_compared_on_the_same_network(convolutional: Results):
    assert found(convolutional, Factor.AUGMENTATION) == [("plain", "full", ())]
    longer = other(convolutional.models["full"], "full", params={"epochs": 99})
    assert found(with_models(convolutional, longer), Factor.AUGMENTATION) == [("plain", "full", ("epochs",))]
    # Models with many differences are not compared.
    wide = {"epochs": 99, "width": 1, "momentum": 0.9, "batch_size": 7}
    far = other(convolutional.models["full"], "full", params=wide)
    assert found(with_models(convolutional, far), Factor.AUGMENTATION) == []


def test_a_single_hyperparameter_of_the_training_is_a_row(convolutional: Results):
    full = convolutional.models["full"]
    low = other(full, "low", params={"precision": "bfloat16"})
    adaptive = other(full, "adaptive", params={"optimizer": "AdamW", "optimizer_params": {"amsgrad": True}})
    run = extended(convolutional, low, adaptive)
    assert found(run, "precision") == [("full", "low", ())]
    assert found(run, "optimizer") == [("full", "adaptive", ())]
    # `low` and `adaptive` differ in two hyperparameters and are not compared.
    assert len([row for row in ablation(run) if row.factor not in list(Factor)]) == 2


def test_other_changes_of_a_tuned_network_are_confounders(run: Results):
    grid = [{"param_learning_rate": 0.1, "mean_test_score": 0.9, "rank_test_score": 1}]
    mlp = run.models["mlp"]
    tuned = other(mlp, "tuned", params={"learning_rate": 0.1, "momentum": 0.9, "epochs": 3})
    assert found(extended(run, replace(tuned, grid=grid)), Factor.TUNING)[-1] == ("mlp", "tuned", ())
    wider = other(tuned, "tuned", params={"hidden_dim": 99})
    steps = found(extended(run, replace(wider, grid=grid)), Factor.TUNING)
    assert steps[-1] == ("mlp", "tuned", ("hidden_dim",))


def test_pretrained_models_are_excluded(run: Results):
    seen = other(run.models["knn_raw"], "seen", features=[EDGES], pretrained=True)
    assert ablation(extended(run, seen)) == ablation(run)


# ---- Suggestions of the notebook ----


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [(WON, Verdict.CONFIRMED), (LOST, Verdict.CONTRADICTED), ((-0.01, 0.012), Verdict.INCONCLUSIVE)],
)
def test_suggestions_are_tested_by_models_that_follow_them(convolutional: Results, interval, verdict):
    grid = [{"param_learning_rate": 0.1, "mean_test_score": 0.9, "rank_test_score": 1}]
    tuned = replace(other(convolutional.models["mlp"], "tuned"), grid=grid)
    edges = other(convolutional.models["knn_raw"], "on_edges", features=[EDGES])
    run = on_cifar10(extended(convolutional, tuned, edges))
    ((perceptron, _, _),) = found(run, Factor.CONVOLUTION)
    simple = next(model.name for model in run.ranking if model.name.startswith("knn"))
    pairs = {
        "augmentation-next": ("full", "plain"),
        "convolutions-next": ("small", perceptron),
        "tuning-next": ("tuned", "mlp"),
        "better-features-next": ("on_edges", simple),
    }
    for after, before in pairs.values():
        run = with_pair(run, after, before, interval)
    checked = findings(run)
    for name, (after, _) in pairs.items():
        assert checked[name].verdict is verdict, name
        assert f"Accuracy: `{after}` " in checked[name].words
        assert "Fitting takes" in checked[name].words


# ---- The page ----


@pytest.mark.parametrize("language", ["en", "ru"])
def test_page_has_a_row_per_pair(convolutional: Results, language: str):
    html, markdown = render(convolutional, small_run.settings(language))
    say = Translator(language)
    assert f"<h2>{say('Ablation')}</h2>" in html
    table = html.partition('id="ablation"')[2].partition("</table>")[0]
    assert table.count("<tr>") == 1 + len(ablation(convolutional))
    assert f"| {say('Augmentation')} | `plain` | `full` |" in markdown


def test_pretrained_models_are_not_ranked(run: Results):
    seen = replace(with_fit(run.models["knn_raw"], pretrained=True), name="seen")
    metrics = {**seen.metrics, "accuracy": 0.9999}
    more = replace(extended(run, replace(seen, metrics=metrics)), order=[*run.order, "seen"])
    html, markdown = render(more, small_run.settings())
    assert f"`{run.ranking[0].name}` has the highest accuracy" in markdown
    assert "Not ranked, since their features were trained on other images: `seen` (1.000)." in markdown
    assert html.index('<tr class="best"') < html.index('<tr class="apart"')
    assert 'class="apart"' not in render(run, small_run.settings())[0]
