"""What the notebook would try next: measured where the run has such models, otherwise argued from the others."""

from collections.abc import Callable

from cifarbench.report import selectors
from cifarbench.report.ablation import AblationRow, Factor, ablation
from cifarbench.report.claims.verdict import (
    Evidence,
    Verdict,
    combine_verdicts,
    compare_accuracy,
    verdict_from_interval,
)
from cifarbench.report.results import Results

# A training accuracy that is higher by less is no overfitting; errors that are rarer leave nothing to gain.
MIN_SHARE = 0.02


def suggested(
    results: Results, factor: Factor, argue: Callable[[Results], Evidence | None] | None = None
) -> Evidence | None:
    """Compare the models with and without what is suggested; without such models, argue."""
    if factor is Factor.FEATURES:
        pair = selectors.better_features_and_pca(results)
        rows = [AblationRow(factor, pair[1], pair[0], ())] if pair else []
    else:
        rows = [row for row in ablation(results) if row.factor is factor and row.after.history]
    if not rows:
        return argue(results) if argue else None
    verdict = combine_verdicts(compare_accuracy(results, row.after, row.before) for row in rows)
    models = {model.name: model for row in rows for model in (row.before, row.after)}
    return Evidence(verdict, list(models.values()), {"rows": rows})


def evidence_for_features(results: Results) -> Evidence | None:
    """Whether features change the accuracy of kNN more than the number of neighbours does."""
    tuned = next(filter(selectors.is_tuned_on_reference_grid, selectors.knn_models(results)), None)
    untuned = selectors.untuned_knn(results)
    comparable = [model for model in untuned if model.classifier_params == untuned[0].classifier_params]
    if len(comparable) < 2 or not tuned:
        return None
    by_features = [model.accuracy for model in comparable]
    by_neighbors = [
        row["mean_test_score"]
        for row in tuned.grid
        if row[selectors.N_COMPONENTS] == tuned.params["n_components"]
    ]
    features, numbers = (max(values) - min(values) for values in (by_features, by_neighbors))
    # Half the width of an accuracy's interval: smaller differences are not detectable.
    widths = [high - low for low, high in (model.metrics["accuracy_ci95"] for model in comparable)]
    noise = max(widths) / 2
    likely = verdict_from_interval(features - numbers - noise, features - numbers + noise)
    values = {"likely": likely, "features": features, "numbers": numbers, "noise": noise}
    return Evidence(Verdict.UNTESTED, [*comparable, tuned], values)


def evidence_for_convolutions(results: Results) -> Evidence | None:
    """Whether most weights of the best perceptron belong to single pixels, and errors are left."""
    mlps = selectors.mlp_models(results)
    model = selectors.first_countable_mlp([model for model in results.ranking if model in mlps])
    if not model:
        return None
    share = min(results.n_pixels * model.params["hidden_dim"] / model.fit["n_parameters"], 1)
    low, high = (1 - bound for bound in reversed(model.metrics["accuracy_ci95"]))
    errors_left = verdict_from_interval(low - MIN_SHARE, high - MIN_SHARE)
    likely = errors_left if share > 0.5 else Verdict.CONTRADICTED
    values = {"likely": likely, "share": share, "low": low, "high": high}
    return Evidence(Verdict.UNTESTED, [model], values)


def evidence_for_augmentation(results: Results) -> Evidence | None:
    """Whether the best perceptron without dropout overfits.

    With dropout, training accuracy is measured on a thinned network and can't be compared.
    """
    mlps = [model for model in selectors.mlp_models(results) if not model.params.get("dropout")]
    model = next((model for model in results.ranking if model in mlps and len(model.history) > 1), None)
    if not model:
        return None
    train = model.column("train_accuracy")[-1] - MIN_SHARE
    low, high = model.metrics["accuracy_ci95"]
    likely = verdict_from_interval(train - high, train - low)
    return Evidence(Verdict.UNTESTED, [model], {"likely": likely, "limit": MIN_SHARE})
