"""The first sentences of the report, and the reason for which a model is exported."""

from itertools import combinations

from cifarbench.evaluation.ranking_metric import read_metric
from cifarbench.report.results import ModelResult, PairedComparison, Results
from cifarbench.report.translation import Translator, mark

MAX_FAMILIES = 3
METRIC_LABELS = {
    "accuracy": mark("accuracy"),
    "balanced_accuracy": mark("balanced accuracy"),
    "macro_f1": mark("macro F1"),
    "mcc": mark("Matthews correlation"),
    "cohen_kappa": mark("Cohen's kappa"),
    "log_loss": mark("log loss"),
    "brier": mark("Brier score"),
    "roc_auc": mark("ROC AUC"),
    "average_precision": mark("average precision"),
}


def headline_sentences(results: Results, say: Translator) -> list[str]:
    """Return which model is best, and which others do not differ significantly from it."""
    if not results.models:
        return [say("No model finished, so there is nothing to compare.")]
    best = results.ranking[0]
    value, interval = read_metric(best.metrics, results.metric)
    if interval is None:
        metric = say.term(METRIC_LABELS[results.metric])
        return [say("No model in the ranking has a defined {metric}, so none is the best.", metric=metric)]
    low, high = (say.number(limit) for limit in interval)
    values = {"model": best.name, "value": say.number(value), "low": low, "high": high}
    values |= {"metric": say.term(METRIC_LABELS[results.metric]), "accuracy": values["value"]}
    by_accuracy = results.metric == "accuracy"
    if len(results.ranking) > 1 and not any(
        results.differ(a, b) for a, b in combinations(results.ranking, 2)
    ):
        sentence = (
            mark(
                "`{model}` has the highest accuracy, {accuracy} (95% CI {low} to {high}), but no two of the {n} models "
                "differ significantly."
            )
            if by_accuracy
            else mark(
                "`{model}` has the best {metric}, {value} (95% CI {low} to {high}), but no two of the {n} models "
                "differ significantly."
            )
        )
        return [say(sentence, n=say.whole(len(results.ranking)), **values)]
    sentences = [
        say("`{model}` is the most accurate: {accuracy} (95% CI {low} to {high}).", **values)
        if by_accuracy
        else say("`{model}` has the best {metric}: {value} (95% CI {low} to {high}).", **values)
    ]
    if equals := results.equals(best, results.ranking):
        names = name_models(say, equals, accuracy=True)
        sentences.append(say("It is not significantly different from {models}.", models=names))
    elif len(results.ranking) > 1:
        sentences.append(say("It differs significantly from every other model."))
    return sentences


def best_of_other_families(results: Results) -> list[PairedComparison]:
    """Compare the best models of other families with the best model; those that do not differ from it are left out."""
    if not results.ranking:
        return []
    best = results.ranking[0]
    firsts = {model.kind: model for model in reversed(results.ranking) if model.kind != best.kind}
    ranked = sorted(firsts.values(), key=results.ranking.index)[:MAX_FAMILIES]
    equals = results.equals(best, results.ranking)
    return [results.pair(model, best) for model in ranked if model not in equals]


def name_models(say: Translator, models: list[ModelResult], accuracy: bool = False) -> str:
    """Return the names of models, also with their accuracies, as part of a sentence."""
    return say.listed([f"`{model.name}`" + f" ({say.number(model.accuracy)})" * accuracy for model in models])
