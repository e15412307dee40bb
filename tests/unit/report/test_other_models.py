"""Models that the notebook does not know stand beside its own, and take part in no claim that is not about them."""

from dataclasses import replace

import pytest
from altered import SAY, WON, finding, part, with_accuracy, with_fit, with_models, with_pair

from cifarbench.report.answer import answer
from cifarbench.report.conclusions import conclude
from cifarbench.report.language import Language, languages
from cifarbench.report.page import render
from cifarbench.report.results import Model, Run
from helpers import small_run

NOTEBOOKS = list(small_run.MODELS)
OTHERS = [name for name in small_run.NINE if name not in NOTEBOOKS]
ABOUT_PCA = {"pca-helps", "scaling-changes-little", "tuning-helps", "suffers-from-dimension"}


def on(model: Model, name: str, kind: str, **params) -> Model:
    """The same model on other features alone."""
    return with_fit(
        model,
        features=[{"name": name, "kind": kind, "params": params}],
        params={**model.own_params, **params},
    )


def page(run: Run, language: str = "en") -> tuple[str, str]:
    return render(run, small_run.settings(language, small_run.NINE))


def test_the_notebooks_conclusions_are_about_its_own_models(nine: Run):
    assert list(nine.models) == NOTEBOOKS + OTHERS
    with_others, alone = conclude(nine, SAY), conclude(part(nine, tuple(NOTEBOOKS)), SAY)
    assert with_others == alone
    assert conclude(part(nine, tuple(OTHERS)), SAY) == []


@pytest.mark.parametrize(("name", "kind"), [("hog", "hog"), ("lda", "lda"), ("white", "whitened_pca")])
def test_other_features_take_part_in_no_claim_about_pca(run: Run, name: str, kind: str):
    models = [on(run.models[model], name, kind, n_components=16) for model in ("knn_pca", "knn_scaled_pca")]
    grid = on(run.models["knn_grid"], name, kind, n_components=16)
    found = {one.name for one in conclude(with_models(run, *models, grid), SAY)}
    assert not found & ABOUT_PCA
    chain = [*run.models["knn_pca"].features, {"name": name, "kind": kind, "params": {}}]
    chained = with_fit(run.models["knn_pca"], features=chain)
    assert "pca-helps" not in {one.name for one in conclude(with_models(run, chained), SAY)}


@pytest.mark.parametrize("changed", [{"n_neighbors": 7}, {"metric": "cosine"}, {"weights": "distance"}])
def test_claims_about_pca_are_about_models_that_are_otherwise_the_same(run: Run, changed: dict):
    model = run.models["knn_pca"]
    other = with_fit(model, params={**model.params, **changed})
    found = {one.name for one in conclude(with_models(run, other), SAY)}
    assert not found & {"pca-helps", "scaling-changes-little"}


def test_a_grid_over_other_keys_takes_part_in_no_claim_about_a_grid(run: Run):
    rows = [
        {name.replace("pca__n_components", "weights"): value for name, value in row.items()}
        for row in run.models["knn_grid"].grid
    ]
    other = replace(run.models["knn_grid"], grid=rows)
    found = {one.name for one in conclude(with_models(run, other), SAY)}
    assert not found & {"tuning-helps", "better-features-next"}


def test_what_neighbours_keep_is_not_told_where_features_don_t_say_their_size(run: Run):
    model = on(run.models["knn_raw"], "edges", "hog")
    tiny = with_fit(model, stored_mb=1e-6)
    assert finding(with_models(run, tiny), "neighbors-keep-training-set") != finding(
        run, "neighbors-fit-fast"
    )
    only = part(with_models(run, tiny), ("knn_raw",))
    assert conclude(only, SAY) == []


def test_a_convolutional_network_is_no_perceptron(nine: Run):
    own = with_fit(with_accuracy(nine.models["my_network"], 0.9999), n_parameters=10)
    assert conclude(with_models(nine, own), SAY) == conclude(nine, SAY)


def test_the_best_of_each_other_kind_is_named_once(nine: Run):
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
    sentences = [sentence for sentence in answer(run, SAY) if sentence.startswith("The best of the")]
    # The fourth kind has no room.
    assert [sentence.split(",")[:2] for sentence in sentences] == [
        ["The best of the nearest neighbours", " `knn_raw`"],
        ["The best of the perceptrons", " `mlp`"],
        ["The best of the linear models", " `linear_edges`"],
    ]
    assert "Лучшая модель вида «линейные модели», `linear_edges`, ниже на 0,030" in " ".join(
        answer(run, Language("ru"))
    )


def test_a_kind_that_nobody_translated_stays_as_it_is(nine: Run):
    odd = with_fit(nine.models["forest"], kind="{oracles} of <Delphi>")
    html, markdown = page(with_models(nine, odd), "ru")
    assert "{oracles} of &lt;Delphi&gt;, вход — пиксели: " in html
    assert "{oracles} of <Delphi>" in markdown


def test_a_section_says_what_its_model_is(nine: Run):
    html, markdown = page(nine)
    for sentence in (
        "Nearest neighbours on `scaled_pca`: `metric` euclidean, `weights` uniform, `n_neighbors` 5.",
        "`scaled_pca` is `pca` with `n_components` 32, `scale` true.",
        "Perceptrons on pixels: `batch_norm` false,",
        "Linear models on `edges`: `estimator` sklearn.svm.LinearSVC, `C` 1, `dual` true.",
        "`edges` is `hog` with `orientations` 2. Tuned: of the ",
        "Trees and forests on pixels: ",
        "Networks of one's own on pixels: `module` my_code.py:Network, ",
    ):
        assert sentence in markdown
    assert "Nearest neighbours on <code>scaled_pca</code>: " in html
    chain = [{"name": name, "kind": "pca", "params": {}} for name in ("edges", "small_edges")]
    chained = with_models(nine, with_fit(nine.models["forest"], features=chain))
    assert "Trees and forests on `edges` > `small_edges`: " in page(chained)[1]


def test_a_hyperparameter_that_features_share_by_name_is_the_models_own(nine: Run):
    features = [{"name": "lda", "kind": "lda", "params": {"shrinkage": 0.1, "solver": "eigen"}}]
    params = {"shrinkage": 0.5, "solver": "eigen"}
    model = with_fit(nine.models["forest"], features=features, params=params)
    assert model.own_params == {"shrinkage": 0.5}


@pytest.mark.parametrize("language", languages())
def test_a_classifier_without_probabilities_says_so(nine: Run, language: str):
    html, markdown = page(nine, language)
    sentence = Language(language)(
        "This classifier gives no probabilities, so its calibration can't be told."
    ).replace("'", "&#39;")
    assert html.count(sentence) == 1
    assert "figures/linear_edges/reliability.svg" not in markdown
    assert "figures/forest/reliability.svg" in markdown
    drawing = nine.files["figures/linear_edges/reliability.svg"].read_text()
    assert "This classifier gives no probabilities, so its calibration can't be told." in drawing


def test_any_grid_has_a_table(nine: Run):
    html, markdown = page(nine)
    assert "The best of 8 candidates has `C` 1, `class_weight` null and `dual` true." in markdown
    table = html.partition('id="grid-linear_edges"')[2].partition("</table>")[0]
    assert table.count("<tr") == 1 + 8
    assert '<td data-value="0.01">0.01</td>' in table
    assert '<td class="text">null</td>' in table
    model = nine.models["linear_edges"]
    many = [{**row, "param_C": row["param_C"] + i} for i in range(9) for row in model.grid]
    html, _ = page(with_models(nine, replace(model, grid=many)))
    table = html.partition('id="grid-linear_edges"')[2].partition("</table>")[0]
    assert table.count("<tr") == 1 + 20
    assert "The best 20." in table


def test_what_a_search_cost_is_said_where_there_was_one(nine: Run):
    html, _ = page(nine)
    assert ">Search</th>" in html
    assert "A grid search sees" in html
    html, _ = page(part(nine, ("knn_raw", "forest")))
    assert ">Search</th>" not in html
    assert "A grid search sees" not in html
    assert "Networks learn by" not in html
    assert "goes through the same loop" in page(part(nine, ("my_network",)))[0]
