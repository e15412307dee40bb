"""What the notebook concludes on nearest neighbours."""

from statistics import fmean

from cifarbench.conclusions.statement import (
    Statement,
    Verdict,
    agreed,
    by_sign,
    compared,
    link_model,
    link_pairs,
    of_pair,
)
from cifarbench.language import Language
from cifarbench.results import Model, Run

# A gain of accuracy up to here is "a little".
A_LITTLE = 0.05
# A change of accuracy that stays within this, either way, is "next to nothing".
NEXT_TO_NOTHING = 0.02


def pca_helps(run: Run, say: Language) -> Statement | None:
    """Principal components against raw pixels, all else equal."""
    found = _match(
        run, lambda a, b: _reduced(a) and not _scaled(a) and not _reduced(b) and _same(a, b, "n_neighbors")
    )
    if not found:
        return None
    reduced, raw = found
    pair = run.pair(reduced, raw)
    verdict = of_pair(pair)
    if verdict is Verdict.BORNE_OUT:
        lead = (
            say("PCA helps kNN a little.")
            if pair.difference <= A_LITTLE
            else say("PCA helps kNN, and by more than a little.")
        )
    elif verdict is Verdict.REVERSED:
        lead = say("PCA makes kNN worse.")
    else:
        lead = say("Whether PCA helps kNN can't be told from this run.")
    return Statement(
        "pca-helps",
        say("PCA helps kNN a little."),
        verdict,
        lead,
        compared(say, pair, reduced, raw),
        [link_pairs(say), link_model(reduced), link_model(raw)],
    )


def scaling_changes_little(run: Run, say: Language) -> Statement | None:
    """Scaled pixels against pixels as they are, before the same components."""
    found = _match(
        run,
        lambda a, b: (
            _scaled(a) and _reduced(b) and not _scaled(b) and _same(a, b, "n_components", "n_neighbors")
        ),
    )
    if not found:
        return None
    scaled, plain = found
    pair = run.pair(scaled, plain)
    limit = say.number(NEXT_TO_NOTHING, 2)
    if pair.low >= -NEXT_TO_NOTHING and pair.high <= NEXT_TO_NOTHING:
        verdict = Verdict.BORNE_OUT
        lead = say(
            "Scaling before PCA changes next to nothing: less than {limit} either way, by the whole interval.",
            limit=limit,
        )
    elif pair.told_apart and pair.low > 0:
        verdict = Verdict.REVERSED
        lead = say("Scaling before PCA does change something: it helps.")
    elif pair.told_apart:
        verdict = Verdict.REVERSED
        lead = say("Scaling before PCA does change something: it hurts.")
    else:
        verdict = Verdict.OPEN
        lead = say(
            "Whether scaling before PCA changes anything can't be told from this run: the interval holds zero, "
            "but also changes of more than {limit}.",
            limit=limit,
        )
    return Statement(
        "scaling-changes-little",
        say("Scaling before PCA changes next to nothing."),
        verdict,
        lead,
        compared(say, pair, scaled, plain),
        [link_pairs(say), link_model(scaled), link_model(plain)],
    )


def tuning_helps(run: Run, say: Language) -> Statement | None:
    """The pair that a grid search chose, against the same pipeline untuned."""
    found = _match(
        run,
        lambda a, b: bool(a.grid) and not b.grid and _reduced(b) and _scaled(a) == _scaled(b),
        among=run.neighbors,
    )
    if not found:
        return None
    tuned, fixed = found
    choice = say(
        "The grid chose {n_components} components and {n_neighbors} neighbours.",
        n_components=say.whole(tuned.params["n_components"]),
        n_neighbors=say.whole(tuned.params["n_neighbors"]),
    )
    pair = run.pair(tuned, fixed)
    if _same(tuned, fixed, "n_components", "n_neighbors"):
        verdict = Verdict.REVERSED
        lead = say(
            "Tuning gains nothing: the best pair is the one that `{fixed}` has anyway.", fixed=fixed.name
        )
    else:
        verdict = of_pair(pair)
        if verdict is Verdict.BORNE_OUT:
            lead = (
                say("The grid's best pair is a little better still.")
                if pair.difference <= A_LITTLE
                else say("The grid's best pair is better, and by more than a little.")
            )
        elif verdict is Verdict.REVERSED:
            lead = say("The grid's best pair is worse on the test images than the pair it was to improve on.")
        else:
            lead = say("Whether the grid's best pair is better can't be told from this run.")
    return Statement(
        "tuning-helps",
        say("The grid's best pair is a little better still."),
        verdict,
        lead,
        f"{choice} {compared(say, pair, tuned, fixed)}",
        [link_pairs(say), link_model(tuned), link_model(fixed)],
    )


def suffers_from_dimension(run: Run, say: Language) -> Statement | None:
    """Fewer dimensions, better neighbours: in the folds of a grid, and on the test images."""
    evidence: list[tuple[Verdict, str]] = []
    links = []
    for model in run.neighbors:
        sizes = sorted({row["param_pca__n_components"] for row in model.grid})
        if len(sizes) > 1:
            evidence.append(_grid_trend(model, sizes, say))
            links.append(link_model(model))
    found = _match(
        run, lambda a, b: _reduced(a) and not _scaled(a) and not _reduced(b) and _same(a, b, "n_neighbors")
    )
    if found:
        pair = run.pair(*found)
        evidence.append((of_pair(pair), compared(say, pair, *found)))
        links.append(link_pairs(say))
    if not evidence:
        return None
    told = {verdict for verdict, _ in evidence} - {Verdict.OPEN}
    verdict = told.pop() if len(told) == 1 else Verdict.OPEN
    lead = {
        Verdict.BORNE_OUT: say("kNN suffers from dimension: with fewer dimensions it is more accurate."),
        Verdict.REVERSED: say(
            "kNN does not suffer from dimension here: with more dimensions it is more accurate."
        ),
        Verdict.OPEN: say("Whether kNN suffers from dimension can't be told from this run."),
    }[verdict]
    return Statement(
        "suffers-from-dimension",
        say("kNN suffers from dimension."),
        verdict,
        lead,
        " ".join(text for _, text in evidence),
        links,
    )


def _grid_trend(model: Model, sizes: list[float], say: Language) -> tuple[Verdict, str]:
    """Smallest against largest number of components: told when it is the same in every fold."""

    def scores(size: float) -> list[float]:
        rows = [row for row in model.grid if row["param_pca__n_components"] == size]
        folds = [name for name in rows[0] if name.startswith("split") and name.endswith("_test_score")]
        return [fmean(row[fold] for row in rows) for fold in folds]

    few, many = scores(sizes[0]), scores(sizes[-1])
    verdict = agreed([by_sign(a - b, a - b) for a, b in zip(few, many, strict=True)])
    text = say(
        "In the folds of `{model}`, {few} components score {few_score} on average and {many} score {many_score}; "
        "{ahead} of {folds} folds put the smaller number ahead.",
        model=model.name,
        few=say.whole(sizes[0]),
        few_score=say.number(fmean(few)),
        many=say.whole(sizes[-1]),
        many_score=say.number(fmean(many)),
        ahead=say.whole(sum(a > b for a, b in zip(few, many, strict=True))),
        folds=say.whole(len(few)),
    )
    return verdict, text


def _match(run: Run, fits, among: list[Model] | None = None) -> tuple[Model, Model] | None:
    """The first two models of which the first stands to the second as `fits` says."""
    models = among or [model for model in run.neighbors if not model.grid]
    return next(((a, b) for a in models for b in models if a is not b and fits(a, b)), None)


def _reduced(model: Model) -> bool:
    return bool(model.params.get("n_components"))


def _scaled(model: Model) -> bool:
    return bool(model.params.get("scale"))


def _same(a: Model, b: Model, *keys: str) -> bool:
    return all(a.params.get(key) == b.params.get(key) for key in keys)
