"""Reports with models that are not in the reference notebook."""

import re
from dataclasses import replace

import pytest
from altered import WON, findings, on_cifar10, subset, with_accuracy, with_fit, with_models, with_pair

from cifarbench.report.ablation import ablation
from cifarbench.report.headline import best_of_other_families, headline_sentences
from cifarbench.report.results import ModelResult, Results
from cifarbench.report.selectors import N_COMPONENTS
from cifarbench.report.translation import Translator, languages
from cifarbench.report.view import render
from helpers import small_run

REFERENCE_MODELS = list(small_run.MODELS)
OTHERS = [name for name in small_run.NINE if name not in REFERENCE_MODELS]
CLAIMS_ABOUT_PCA = {"pca-helps", "scaling-changes-little", "tuning-helps", "suffers-from-dimension"}


def on(model: ModelResult, name: str, kind: str, **params) -> ModelResult:
    """Return the model on other features."""
    return with_fit(
        model,
        features=[{"name": name, "type": kind, "params": params}],
        params={**model.classifier_params, **params},
    )


def page(run: Results, language: str = "en") -> tuple[str, str]:
    return render(run, small_run.settings(language, small_run.NINE))


def test_claims_are_about_the_reference_models(nine: Results):
    assert list(nine.models) == REFERENCE_MODELS + OTHERS
    nine = on_cifar10(nine)
    assert findings(nine) == findings(subset(nine, tuple(REFERENCE_MODELS)))
    assert findings(subset(nine, tuple(OTHERS))) == {}


@pytest.mark.parametrize(("name", "kind"), [("hog", "hog"), ("lda", "lda"), ("white", "whitened_pca")])
def test_other_features_are_excluded_from_claims_about_pca(study: Results, name: str, kind: str):
    models = [on(study.models[model], name, kind, n_components=16) for model in ("knn_pca", "knn_scaled_pca")]
    grid = on(study.models["knn_grid"], name, kind, n_components=16)
    assert not findings(with_models(study, *models, grid)).keys() & CLAIMS_ABOUT_PCA
    chain = [*study.models["knn_pca"].features, {"name": name, "type": kind, "params": {}}]
    chained = with_fit(study.models["knn_pca"], features=chain)
    assert "pca-helps" not in findings(with_models(study, chained))


@pytest.mark.parametrize("changed", [{"n_neighbors": 7}, {"metric": "cosine"}])
def test_claims_about_pca_compare_otherwise_equal_models(study: Results, changed: dict):
    model = study.models["knn_pca"]
    found = findings(with_models(study, with_fit(model, params={**model.params, **changed})))
    assert not found.keys() & {"pca-helps", "scaling-changes-little"}


def test_predictions_from_a_file_have_no_costs_and_no_ablation(nine: Results):
    unknown = ("fit_seconds", "predict_seconds", "peak_memory_mb", "stored_mb", "n_parameters")
    unknown += ("device", "processor", "threads", "inference")
    given = with_fit(
        nine.models["knn_raw"],
        **dict.fromkeys(unknown),
        family_label="predictions from files",
        params={"file": "theirs.csv", "input": None, "fit": None},
        versions={},
    )
    for language in languages():
        for text in page(with_models(nine, given), language):
            assert "None" not in re.sub("None of the", "", text)
    html, markdown = page(with_models(nine, given))
    assert "Predictions from files: <code>file</code> theirs.csv." in html
    row = next(line for line in markdown.splitlines() if line.startswith("| `knn_raw` |"))
    assert row.endswith("| \N{EN DASH} | \N{EN DASH} |")
    assert not [
        row for row in ablation(with_models(nine, given)) if "knn_raw" in (row.before.name, row.after.name)
    ]


def test_grid_over_other_hyperparameters_is_excluded_from_claims(study: Results):
    rows = [
        {name.replace("pca__n_components", "weights"): value for name, value in row.items()}
        for row in study.models["knn_grid"].grid
    ]
    other = replace(study.models["knn_grid"], grid=rows)
    assert "tuning-helps" not in findings(with_models(study, other))


def test_knn_on_features_of_unknown_size_is_not_compared(study: Results):
    tiny = with_fit(on(study.models["knn_raw"], "edges", "hog"), stored_mb=1e-6)
    found = findings(subset(with_models(study, tiny), ("knn_raw",)))
    assert "neighbors-keep-training-set" not in found


def test_user_defined_network_is_not_a_perceptron(nine: Results):
    own = with_fit(with_accuracy(nine.models["my_network"], 0.9999), n_parameters=10)
    assert findings(on_cifar10(with_models(nine, own))) == findings(on_cifar10(nine))


def test_best_of_each_other_family_is_named(nine: Results):
    first = ["forest", "knn_raw", "mlp", "linear_edges", "my_network"]
    order = [*first, *(name for name in nine.models if name not in first)]
    run = with_models(nine, *(with_accuracy(nine.models[name], 1 - i / 10) for i, name in enumerate(order)))
    for other in order[1:]:
        run = with_pair(run, "forest", other, WON)
    # At most three other families are named.
    pairs = best_of_other_families(run)
    assert [pair.first for pair in pairs] == ["knn_raw", "mlp", "linear_edges"]
    assert (
        "Best of the nearest neighbours: `knn_raw` with 0.900; difference \N{MINUS SIGN}0.030 ("
        in page(run)[1]
    )
    assert "Лучшая модель вида «линейные модели»: `linear_edges`, " in page(run, "ru")[1]


def test_untranslated_family_label_is_kept(nine: Results):
    odd = with_fit(nine.models["forest"], family_label="{oracles} of <Delphi>")
    html, markdown = page(with_models(nine, odd), "ru")
    assert "{oracles} of &lt;Delphi&gt;, вход — пиксели: " in html
    assert "{oracles} of <Delphi>" in markdown


def test_section_describes_its_model(nine: Results):
    html, markdown = page(nine)
    for sentence in (
        "Nearest neighbours on `scaled_pca`: `metric` euclidean, `weights` uniform, `n_neighbors` 5 (tuned).",
        "`scaled_pca` is `pca` with `n_components` 32 (tuned), `standardize` true.",
        "Perceptrons on pixels: `hidden_dim` 24, `learning_rate` 0.02, `batch_size` 64, `epochs` 60.",
        "Linear models on `edges`: `estimator` sklearn.svm.LinearSVC, `C` 1 (tuned), `dual` true (tuned).",
        "`edges` is `hog` with `orientations` 2. Of the ",
        "Trees and forests on pixels: ",
        "User-defined networks on pixels: `module` my_code.py:Network, ",
    ):
        assert sentence in markdown
    assert "Nearest neighbours on <code>scaled_pca</code>: " in html
    chain = [{"name": name, "type": "pca", "params": {}} for name in ("edges", "small_edges")]
    chained = with_models(nine, with_fit(nine.models["forest"], features=chain))
    assert "Trees and forests on `edges` > `small_edges`: " in page(chained)[1]


def test_ambiguous_hyperparameter_belongs_to_the_classifier(nine: Results):
    features = [{"name": "lda", "type": "lda", "params": {"shrinkage": 0.1, "solver": "eigen"}}]
    params = {"shrinkage": 0.5, "solver": "eigen"}
    model = with_fit(nine.models["forest"], features=features, params=params)
    assert model.classifier_params == {"shrinkage": 0.5}


@pytest.mark.parametrize("language", languages())
def test_classifier_without_probabilities_has_no_calibration(nine: Results, language: str):
    html, markdown = page(nine, language)
    sentence = Translator(language)("This classifier gives no probabilities, so its calibration is unknown.")
    assert html.count(sentence) == 1
    assert "figures/linear_edges/reliability.svg" not in markdown
    assert "figures/forest/reliability.svg" in markdown


@pytest.mark.parametrize("language", languages())
def test_models_without_the_metric_are_not_called_best(nine: Results, language: str):
    model = nine.models["linear_edges"]
    assert model.metrics["log_loss"] is None
    only = replace(nine, models={model.name: model}, verdict={"metric": "log_loss"})
    say = Translator(language)
    sentence = "No model in the ranking has a defined {metric}, so none is the best."
    assert headline_sentences(only, say) == [say(sentence, metric=say.term("log loss"))]


def test_grid_search_has_a_table(nine: Results):
    html, markdown = page(nine)
    assert "The best of 8 candidates has `C` 1, `class_weight` null and `dual` true." in markdown
    table = html.partition('id="grid-linear_edges"')[2].partition("</table>")[0]
    assert table.count("<tr") == 1 + 8
    assert 'data-value="0.01">0.01<' in table
    assert '<td data-value="">null</td>' in table
    model = nine.models["linear_edges"]
    many = [{**row, "param_C": row["param_C"] + i} for i in range(9) for row in model.grid]
    html, _ = page(with_models(nine, replace(model, grid=many)))
    table = html.partition('id="grid-linear_edges"')[2].partition("</table>")[0]
    assert table.count("<tr") == 1 + 20
    assert "The best 20." in table


def test_random_search_states_the_number_of_candidates(nine: Results):
    entry = small_run.NINE["linear_edges"] | {"tune": {"folds": 3, "n": 8, "space": {"C": {"log": [1, 9]}}}}
    html, markdown = render(nine, small_run.settings("en", small_run.NINE | {"linear_edges": entry}))
    assert "Random search over 8 candidates, drawn from the seed. The best of 8 candidates has" in markdown
    assert '<h4 id="grid-linear_edges">Random search</h4>' in html
    assert "Random search of linear_edges" in html


def test_random_search_is_excluded_from_claims_about_the_grid(study: Results):
    rows = [{**row, N_COMPONENTS: 16 + i} for i, row in enumerate(study.models["knn_grid"].grid)]
    drawn = replace(study.models["knn_grid"], grid=rows)
    assert "tuning-helps" not in findings(with_models(study, drawn))


def test_cost_of_a_search_is_shown(nine: Results):
    html, _ = page(nine)
    assert ">Search</th>" in html
    assert "A grid or random search uses" in html
    html, _ = page(subset(nine, ("knn_raw", "forest")))
    assert ">Search</th>" not in html
    assert "A grid or random search uses" not in html
    assert "Networks are trained" not in html


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("constant", "constant learning rate 0.02"),
        ("linear", "learning rate 0.02, decreased linearly to 0"),
        ("cosine", "learning rate 0.02, decreased to 0 by a half cosine"),
        (
            "triangular",
            "learning rate increased linearly to 0.02 over a fifth of the steps, then decreased to 0",
        ),
    ],
)
def test_method_describes_each_training(nine: Results, schedule: str, words: str):
    own = nine.models["my_network"]
    training = {"momentum": 0.9, "schedule": schedule, "weight_decay": 0.001, "label_smoothing": 0.2}
    training |= {"flip": True, "translate": 2}
    html, _ = page(with_models(nine, with_fit(own, params=own.params | training)))
    assert (
        f"<code>my_network</code>: SGD with Nesterov momentum 0.9, {words}, batches of 64, 20 epochs, weight decay "
        "0.001, label smoothing 0.2, each image flipped horizontally in every other epoch, random translations by up "
        "to 2 pixels." in html
    )


def test_approximate_search_shows_recall_and_speed(run: Results) -> None:
    ann = {"nlist": 2048, "nprobe": 20}
    quality = {"recall": 0.9712, "sample": 1000, "queries_per_second": 9e3, "exact_queries_per_second": 180.0}
    model = run.models["knn_pca"]
    approximate = with_fit(model, params={**model.params, "ann": ann}, ann=ann | quality)
    html, markdown = page(with_models(run, approximate))
    words = "of the exact ones of 1,000 test images, 50.0 times as many queries per second"
    assert html.count(words) == 1
    assert "97" in html.split(words)[0][-400:]
    assert "`ann.nlist` 2048, `ann.nprobe` 20" in markdown
    exact = with_fit(model, params={**model.params, "ann": None})
    assert "`ann" not in page(with_models(run, exact))[1]


@pytest.mark.parametrize(
    ("flip", "tuned", "hflip_safe", "sentence"),
    [
        (True, True, None, "since that was better in cross-validation on the training images"),
        (False, True, None, "since that was not better in cross-validation"),
        (True, False, True, "since `hflip_safe` says that they show the same"),
        (False, False, False, "since `hflip_safe` says that they show something else"),
        (False, False, None, "since they may show something else"),
        (True, False, None, "Trained with mirrored images: `mlp`, as configured"),
    ],
)
def test_the_use_of_mirrored_images_is_described(study: Results, flip, tuned, hflip_safe, sentence):
    model = with_fit(study.models["mlp"], params={**study.models["mlp"].params, "flip": flip})
    if tuned:
        scores = {
            "rank_test_score": 1,
            "mean_test_score": 0.9,
            "std_test_score": 0.1,
            "split0_test_score": 0.9,
        }
        model = replace(model, grid=[{"param_flip": flip, **scores}])
    found = {"split": "random", "n_skipped": 0, "n_named_groups": 0, "n_duplicate_pairs": 0}
    run = replace(with_models(study, model), dataset=study.dataset | {"found": found})
    settings = small_run.settings("en", small_run.NINE)
    entry = {} if hflip_safe is None else {"hflip_safe": hflip_safe}
    settings["configuration"]["datasets"] = {run.dataset["dataset"]: entry}
    assert sentence in render(run, settings)[1]
