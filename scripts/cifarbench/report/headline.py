"""The first sentences of the report, and the reason for which a model is exported."""

from cifarbench.report.results import ModelResult, PairedComparison, Results
from cifarbench.report.translation import Translator

MAX_FAMILIES = 3


def headline_sentences(results: Results, say: Translator) -> list[str]:
    """Return which model is best, and which others do not differ significantly from it."""
    if not results.models:
        return [say("No model finished, so there is nothing to compare.")]
    best = results.ranking[0]
    low, high = (say.number(limit) for limit in best.metrics["accuracy_ci95"])
    values = {"model": best.name, "accuracy": say.number(best.accuracy), "low": low, "high": high}
    if len(results.ranking) > 1 and no_significant_pair(results):
        return [
            say(
                "`{model}` has the highest accuracy, {accuracy} (95% CI {low} to {high}), but no two of the {n} models "
                "differ significantly.",
                n=say.whole(len(results.ranking)),
                **values,
            )
        ]
    sentences = [say("`{model}` is the most accurate: {accuracy} (95% CI {low} to {high}).", **values)]
    if equals := results.equals(best, results.ranking):
        names = name_models(say, equals, accuracy=True)
        sentences.append(say("It is not significantly different from {models}.", models=names))
    elif len(results.ranking) > 1:
        sentences.append(say("It differs significantly from every other model."))
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
