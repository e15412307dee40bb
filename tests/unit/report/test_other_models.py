"""Models that the notebook does not know stand beside its own, and take part in no claim that is not about them."""

from dataclasses import replace

import pytest
from altered import WON, findings, on_cifar10, subset, with_accuracy, with_fit, with_models, with_pair

from cifarbench.report.headline import best_of_other_families
from cifarbench.report.language import Language, languages
from cifarbench.report.page import render
from cifarbench.report.results import ModelResult, Results
from helpers import small_run

NOTEBOOKS = list(small_run.MODELS)
OTHERS = [name for name in small_run.NINE if name not in NOTEBOOKS]
ABOUT_PCA = {"pca-helps", "scaling-changes-little", "tuning-helps", "suffers-from-dimension"}


def on(model: ModelResult, name: str, kind: str, **params) -> ModelResult:
    """The same model on other features alone."""
    return with_fit(
        model,
        features=[{"name": name, "type": kind, "params": params}],
        params={**model.classifier_params, **params},
    )


def page(run: Results, language: str = "en") -> tuple[str, str]:
    return render(run, small_run.settings(language, small_run.NINE))


def test_claims_are_about_the_reference_models(nine: Results):
    assert list(nine.models) == NOTEBOOKS + OTHERS
    nine = on_cifar10(nine)
    assert findings(nine) == findings(subset(nine, tuple(NOTEBOOKS)))
    assert findings(subset(nine, tuple(OTHERS))) == {}


@pytest.mark.parametrize(("name", "kind"), [("hog", "hog"), ("lda", "lda"), ("white", "whitened_pca")])
def test_other_features_take_part_in_no_claim_about_pca(study: Results, name: str, kind: str):
    models = [on(study.models[model], name, kind, n_components=16) for model in ("knn_pca", "knn_scaled_pca")]
    grid = on(study.models["knn_grid"], name, kind, n_components=16)
    assert not findings(with_models(study, *models, grid)).keys() & ABOUT_PCA
    chain = [*study.models["knn_pca"].features, {"name": name, "type": kind, "params": {}}]
    chained = with_fit(study.models["knn_pca"], features=chain)
    assert "pca-helps" not in findings(with_models(study, chained))


@pytest.mark.parametrize("changed", [{"n_neighbors": 7}, {"metric": "cosine"}, {"weights": "distance"}])
def test_claims_about_pca_are_about_models_that_are_otherwise_equal(study: Results, changed: dict):
    model = study.models["knn_pca"]
    other = with_fit(model, params={**model.params, **changed})
    found = findings(with_models(study, other)).keys()
    assert not found & {"pca-helps", "scaling-changes-little"}


def test_a_grid_over_other_keys_takes_part_in_no_claim_about_a_grid(study: Results):
    rows = [
        {name.replace("pca__n_components", "weights"): value for name, value in row.items()}
        for row in study.models["knn_grid"].grid
    ]
    other = replace(study.models["knn_grid"], grid=rows)
    assert not findings(with_models(study, other)).keys() & {"tuning-helps", "better-features-next"}


def test_what_knn_stores_is_unknown_where_features_do_not_declare_their_size(study: Results):
    tiny = with_fit(on(study.models["knn_raw"], "edges", "hog"), stored_mb=1e-6)
    assert findings(subset(with_models(study, tiny), ("knn_raw",))) == {}


def test_a_convolutional_network_is_no_perceptron(nine: Results):
    own = with_fit(with_accuracy(nine.models["my_network"], 0.9999), n_parameters=10)
    assert findings(on_cifar10(with_models(nine, own))) == findings(on_cifar10(nine))


def test_the_best_of_each_other_kind_is_named_once(nine: Results):
    best = nine.models["forest"]
    order = ["knn_raw", "mlp", "linear_edges", "my_network"]
    order += [name for name in nine.models if name not in (*order, "forest")]
    run = with_models(
        nine,
        with_accuracy(best, 0.99),
        *(with_accuracy(nine.models[name], 0.9 - place / 10) for place, name in enumerate(order)),
    )
    for other in run.models:
        if other != "forest":
            run = with_pair(run, "forest", other, WON)
    # The fourth family has no room.
    pairs = best_of_other_families(run)
    assert [pair.first for pair in pairs] == ["knn_raw", "mlp", "linear_edges"]
    assert "Best of the nearest neighbours: `knn_raw` with 0.900, \N{MINUS SIGN}0.030 (" in page(run)[1]
    assert "Лучшая модель вида «линейные модели»: `linear_edges`, " in page(run, "ru")[1]


def test_a_kind_that_nobody_translated_stays_as_it_is(nine: Results):
    odd = with_fit(nine.models["forest"], family_label="{oracles} of <Delphi>")
    html, markdown = page(with_models(nine, odd), "ru")
    assert "{oracles} of &lt;Delphi&gt;, вход — пиксели: " in html
    assert "{oracles} of <Delphi>" in markdown


def test_a_section_says_what_its_model_is(nine: Results):
    html, markdown = page(nine)
    for sentence in (
        "Nearest neighbours on `scaled_pca`: `metric` euclidean, `weights` uniform, `n_neighbors` 5 (tuned).",
        "`scaled_pca` is `pca` with `n_components` 32 (tuned), `standardize` true.",
        "Perceptrons on pixels: `batch_norm` false,",
        "Linear models on `edges`: `estimator` sklearn.svm.LinearSVC, `C` 1 (tuned), `dual` true (tuned).",
        "`edges` is `hog` with `orientations` 2. Of the ",
        "Trees and forests on pixels: ",
        "Networks of one's own on pixels: `module` my_code.py:Network, ",
    ):
        assert sentence in markdown
    assert "Nearest neighbours on <code>scaled_pca</code>: " in html
    chain = [{"name": name, "type": "pca", "params": {}} for name in ("edges", "small_edges")]
    chained = with_models(nine, with_fit(nine.models["forest"], features=chain))
    assert "Trees and forests on `edges` > `small_edges`: " in page(chained)[1]


def test_a_hyperparameter_that_features_share_by_name_is_the_models_own(nine: Results):
    features = [{"name": "lda", "type": "lda", "params": {"shrinkage": 0.1, "solver": "eigen"}}]
    params = {"shrinkage": 0.5, "solver": "eigen"}
    model = with_fit(nine.models["forest"], features=features, params=params)
    assert model.classifier_params == {"shrinkage": 0.5}


@pytest.mark.parametrize("language", languages())
def test_a_classifier_without_probabilities_says_so(nine: Results, language: str):
    html, markdown = page(nine, language)
    sentence = Language(language)(
        "This classifier gives no probabilities, so its calibration is unknown."
    ).replace("'", "&#39;")
    assert html.count(sentence) == 1
    assert "figures/linear_edges/reliability.svg" not in markdown
    assert "figures/forest/reliability.svg" in markdown
    drawing = nine.files["figures/linear_edges/reliability.svg"].read_text()
    assert "This classifier gives no probabilities, so its calibration is unknown." in drawing


def test_any_grid_has_a_table(nine: Results):
    html, markdown = page(nine)
    assert "The best of 8 candidates has `C` 1, `class_weight` null and `dual` true." in markdown
    table = html.partition('id="grid-linear_edges"')[2].partition("</table>")[0]
    assert table.count("<tr") == 1 + 8
    assert '<td data-value="0.01">0.01</td>' in table
    assert '<td data-value="">null</td>' in table
    model = nine.models["linear_edges"]
    many = [{**row, "param_C": row["param_C"] + i} for i in range(9) for row in model.grid]
    html, _ = page(with_models(nine, replace(model, grid=many)))
    table = html.partition('id="grid-linear_edges"')[2].partition("</table>")[0]
    assert table.count("<tr") == 1 + 20
    assert "The best 20." in table


def test_what_a_search_cost_is_said_where_there_was_one(nine: Results):
    html, _ = page(nine)
    assert ">Search</th>" in html
    assert "A grid search uses" in html
    html, _ = page(subset(nine, ("knn_raw", "forest")))
    assert ">Search</th>" not in html
    assert "A grid search uses" not in html
    assert "Networks are trained" not in html


def test_the_method_tells_how_each_network_was_trained(nine: Results):
    own = nine.models["my_network"]
    training = {
        "momentum": 0.9,
        "schedule": "cosine",
        "weight_decay": 0.001,
        "label_smoothing": 0.2,
        "flip": True,
    }
    html, _ = page(with_models(nine, with_fit(own, params=own.params | training)))
    assert (
        "<code>mlp</code> and <code>mlp_batchnorm_dropout</code>: SGD without momentum, learning rate 0.02, "
        "batches of 64, 60 epochs." in html
    )
    assert (
        "<code>my_network</code>: SGD with Nesterov momentum 0.9, highest learning rate 0.02 on a cosine schedule, "
        "batches of 64, 20 epochs, weight decay 0.001, label smoothing 0.2, random flips." in html
    )
