"""What the notebook concludes on nearest neighbours."""

from collections.abc import Callable
from statistics import fmean
from typing import Any

from cifarbench.report.conclusions import subjects
from cifarbench.report.conclusions.statement import (
    Link,
    Statement,
    Verdict,
    agreed,
    ahead,
    by_sign,
    compared,
    link_grid,
    link_model,
    link_pairs,
)
from cifarbench.report.conclusions.subjects import components
from cifarbench.report.language import Language
from cifarbench.report.results import Model, Run

# A gain of accuracy up to here is "a little".
A_LITTLE = 0.05
# A change of accuracy that stays within this, either way, is "next to nothing".
NEXT_TO_NOTHING = 0.02


def pca_helps(run: Run, say: Language) -> Statement | None:
    """Principal components against raw pixels, all else equal."""
    found = _components_and_pixels(run)
    if not found:
        return None
    verdict = ahead(run, *found)
    if verdict is Verdict.BORNE_OUT:
        little = run.pair(*found).difference <= A_LITTLE
        finding = (
            say("PCA helps kNN a little.") if little else say("PCA helps kNN, and by more than a little.")
        )
    elif verdict is Verdict.REVERSED:
        finding = say("PCA makes kNN worse.")
    else:
        finding = say("Whether PCA helps kNN can't be told from this run.")
    return Statement(
        "pca-helps",
        say("PCA helps kNN a little."),
        verdict,
        finding,
        compared(run, say, *found),
        _links(say, found),
    )


def scaling_changes_little(run: Run, say: Language) -> Statement | None:
    """Scaled pixels against pixels as they are, before the same components."""
    found = _match(
        subjects.untuned_neighbors(run),
        lambda a, b: (
            _scaled(a) and components(b) == {**components(a), "scale": False} and a.own_params == b.own_params
        ),
    )
    if not found:
        return None
    pair = run.pair(*found)
    limit = say.number(NEXT_TO_NOTHING, 2)
    if max(-pair.low, pair.high) <= NEXT_TO_NOTHING:
        verdict = Verdict.BORNE_OUT
        finding = say(
            "Scaling before PCA changes next to nothing: the interval stays within {limit} either way.",
            limit=limit,
        )
    elif pair.told_apart:
        verdict = Verdict.REVERSED
        finding = (
            say("Scaling before PCA does change something: it helps.")
            if pair.difference > 0
            else say("Scaling before PCA does change something: it hurts.")
        )
    else:
        verdict = Verdict.OPEN
        finding = say(
            "Whether scaling before PCA changes anything can't be told from this run: the interval reaches "
            "beyond {limit}.",
            limit=limit,
        )
    return Statement(
        "scaling-changes-little",
        say("Scaling before PCA changes next to nothing."),
        verdict,
        finding,
        compared(run, say, *found),
        _links(say, found),
    )


def tuning_helps(run: Run, say: Language) -> Statement | None:
    """The pair that a grid search chose, against the same pipeline untuned."""
    found = _match(
        subjects.neighbors(run),
        lambda a, b: (
            subjects.has_notebooks_grid(a)
            and not b.tuned
            and components(a)
            and components(b)
            and _scaled(a) == _scaled(b)
            and _votes(a) == _votes(b)
        ),
    )
    if not found:
        return None
    tuned, fixed = found
    verdict = ahead(run, tuned, fixed)
    if tuned.params == fixed.params:
        verdict = Verdict.REVERSED
        finding = say("Tuning gains nothing: the best pair is the one that `{fixed}` has.", fixed=fixed.name)
    elif verdict is Verdict.BORNE_OUT:
        little = run.pair(tuned, fixed).difference <= A_LITTLE
        finding = (
            say("The grid's best pair is a little better still.")
            if little
            else say("The grid's best pair is better, and by more than a little.")
        )
    elif verdict is Verdict.REVERSED:
        finding = say("The grid's best pair is worse on the test images than the one it was to improve on.")
    else:
        finding = say("Whether the grid's best pair is better can't be told from this run.")
    choice = say(
        "The grid chose {n_components} components and {n_neighbors} neighbours.",
        n_components=say.whole(tuned.params["n_components"]),
        n_neighbors=say.whole(tuned.params["n_neighbors"]),
    )
    return Statement(
        "tuning-helps",
        say("The grid's best pair is a little better still."),
        verdict,
        finding,
        f"{choice} {compared(run, say, tuned, fixed)}",
        [*_links(say, found), link_grid(say, tuned)],
    )


def suffers_from_dimension(run: Run, say: Language) -> Statement | None:
    """Fewer dimensions, better neighbours: in the folds of a grid, and on the test images."""
    evidence: list[tuple[Verdict, str]] = []
    links: list[Link] = []
    for model in subjects.neighbors(run):
        if not (subjects.has_notebooks_grid(model) and components(model)):
            continue
        sizes = sorted({row[subjects.N_COMPONENTS] for row in model.grid})
        if len(sizes) > 1:
            evidence.append(_trend(say, model, sizes[0], sizes[-1]))
            links.append(link_grid(say, model))
    found = _components_and_pixels(run)
    if found:
        evidence.append((ahead(run, *found), compared(run, say, *found)))
        links += _links(say, found)
    if not evidence:
        return None
    # Evidence that tells nothing doesn't stand against evidence that does.
    verdict = agreed(verdict for verdict, _ in evidence if verdict is not Verdict.OPEN)
    finding = {
        Verdict.BORNE_OUT: say("kNN suffers from dimension: with fewer dimensions it is more accurate."),
        Verdict.REVERSED: say("kNN gains from dimension here: with more dimensions it is more accurate."),
        Verdict.OPEN: say("Whether kNN suffers from dimension can't be told from this run."),
    }[verdict]
    return Statement(
        "suffers-from-dimension",
        say("kNN suffers from dimension."),
        verdict,
        finding,
        " ".join(text for _, text in evidence),
        links,
    )


def _trend(say: Language, model: Model, few: float, many: float) -> tuple[Verdict, str]:
    """Few against many components in a grid: told when it is the same in every fold."""

    def by_fold(size: float) -> list[float]:
        rows = [row for row in model.grid if row[subjects.N_COMPONENTS] == size]
        folds = [name for name in rows[0] if name.startswith("split") and name.endswith("_test_score")]
        return [fmean(row[fold] for row in rows) for fold in folds]

    scores = list(zip(by_fold(few), by_fold(many), strict=True))
    verdict = agreed(by_sign(a - b, a - b) for a, b in scores)
    text = say(
        "In the folds of `{model}`, {few} components score {few_score} on average and {many} score "
        "{many_score}; {ahead} of {folds} folds put the smaller number ahead.",
        model=model.name,
        few=say.whole(few),
        few_score=say.number(fmean(a for a, _ in scores)),
        many=say.whole(many),
        many_score=say.number(fmean(b for _, b in scores)),
        ahead=say.whole(sum(a > b for a, b in scores)),
        folds=say.whole(len(scores)),
    )
    return verdict, text


def _components_and_pixels(run: Run) -> tuple[Model, Model] | None:
    """A model on components of unscaled pixels, and one on raw pixels that is otherwise the same."""
    return _match(
        subjects.untuned_neighbors(run),
        lambda a, b: (
            components(a) and not _scaled(a) and subjects.on_pixels(b) and a.own_params == b.own_params
        ),
    )


def _match(models: list[Model], fits: Callable[[Model, Model], object]) -> tuple[Model, Model] | None:
    """The first two models of which the first stands to the second as `fits` says."""
    return next(((a, b) for a in models for b in models if a is not b and fits(a, b)), None)


def _scaled(model: Model) -> bool:
    return bool(components(model).get("scale"))


def _votes(model: Model) -> dict[str, Any]:
    """How neighbours are found and vote, apart from their number."""
    return {name: value for name, value in model.own_params.items() if name != "n_neighbors"}


def _links(say: Language, models: tuple[Model, Model]) -> list[Link]:
    return [link_pairs(say), *map(link_model, models)]
