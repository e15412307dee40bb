"""The first sentences of the report, and the reason for which a model is exported."""

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
    values |= {"metric": say.term(METRIC_LABELS[results.metric])}
    if len(results.ranking) > 1 and no_significant_pair(results):
        return [
            say(
                "`{model}` has the highest accuracy, {accuracy} (95% CI {low} to {high}), but no two of the {n} models "
                "differ significantly.",
                n=say.whole(len(results.ranking)),
                accuracy=values["value"],
                **values,
            )
            if results.metric == "accuracy"
            else say(
                "`{model}` has the best {metric}, {value} (95% CI {low} to {high}), but no two of the {n} models "
                "differ significantly.",
                n=say.whole(len(results.ranking)),
                **values,
            )
        ]
    sentences = [
        say(
            "`{model}` is the most accurate: {accuracy} (95% CI {low} to {high}).",
            accuracy=values["value"],
            **values,
        )
        if results.metric == "accuracy"
        else say("`{model}` has the best {metric}: {value} (95% CI {low} to {high}).", **values)
    ]
    if equals := results.equals(best, results.ranking):
        names = name_models(say, equals, accuracy=True)
        sentences.append(say("It is not significantly different from {models}.", models=names))
    elif len(results.ranking) > 1:
        sentences.append(say("It differs significantly from every other model."))
    return sentences


def selection_sentences(results: Results, say: Translator) -> list[str]:
    """Return the best model's score without the bias of its selection, and the models that are equivalent to it."""
    best = results.verdict.get("best")
    if not best or len(results.ranking) < 2:
        return []
    low, high = (say.number(end) for end in best["corrected_ci95"])
    sentences = [
        say(
            "Corrected for being selected as the best of {n} models, its {metric} is {value} (95% CI {low} to {high}).",
            n=say.whole(len(results.ranking)),
            metric=say.term(METRIC_LABELS[results.metric]),
            value=say.number(best["corrected"]),
            low=low,
            high=high,
        )
    ]
    equivalent = [
        model
        for model in results.ranking[1:]
        if results.pair(results.ranking[0], model).verdict in ("equivalent", "negligible")
    ]
    if equivalent:
        sentences.append(
            say(
                "Equivalent to it, within {margin} in accuracy: {models}.",
                margin=say.number(results.verdict["margin"]),
                models=name_models(say, equivalent),
            )
        )
    return sentences


def no_significant_pair(results: Results) -> bool:
    """Return whether no two models of the ranking differ significantly."""
    ranking = results.ranking
    return all(len(results.equals(model, ranking)) == len(ranking) - 1 for model in ranking)


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
