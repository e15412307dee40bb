"""What a comparison across datasets comes to, in sentences, each computed from its files."""

from collections.abc import Sequence
from itertools import combinations
from statistics import median

import numpy as np

from cifarbench.io.csv_io import Row
from cifarbench.planning.variants import ALL_FACTORS, DATA_ORDER, INIT, SEED, SHIFTED, SPLIT, TRAIN_SIZE
from cifarbench.report.language import Language
from cifarbench.suite.ranks import MIN_DATASETS, SIGNIFICANCE_LEVEL, min_datasets
from cifarbench.suite.results import BenchmarkResults
from cifarbench.suite.variance import MEANINGFUL_PROBABILITY, MIN_PAIRS, RECOMMENDED_PAIRS


class SummaryText:
    """Sentences in one language."""

    def __init__(self, results: BenchmarkResults, say: Language):
        self.results = results
        self.say = say

    # ---- Over datasets ----

    def best(self) -> list[str]:
        """Which model is the most accurate where, and whether the order holds."""
        say, best = self.say, self.results.best
        by_models: dict[tuple[str, ...], list[str]] = {}
        for dataset, models in best.items():
            by_models.setdefault(tuple(models), []).append(dataset)
        if not by_models:
            return [say("No model has a result.")]
        parts = [
            say("{models} on {datasets}", models=self._listed(models), datasets=self._listed(datasets))
            for models, datasets in by_models.items()
        ]
        return [
            say("Most accurate: {parts}.", parts="; ".join(parts)),
            *(self._order() if len(best) > 1 else []),
        ]

    def _listed(self, names: Sequence[str]) -> str:
        return self.say.listed([f"`{name}`" for name in names])

    def _order(self) -> list[str]:
        say, found = self.say, self.results
        pairs = list(combinations(found.ranked, 2))
        if not pairs:
            return []
        held = sum(len({np.sign(of[a] - of[b]) for of in found.accuracies.values()}) == 1 for a, b in pairs)
        return [
            say(
                "Pairs of models in the same order on all {datasets} datasets: {held} of {n}.",
                n=len(pairs),
                held=held,
                datasets=len(found.datasets),
            )
        ]

    def pairwise_test_text(self) -> str:
        """What tests over datasets tell, or why they can't."""
        say, found = self.say, self.results
        n = len(found.datasets)
        if n < MIN_DATASETS:
            return say(
                "There are {n} datasets; with fewer than {needed}, no test over datasets can tell whether one model is "
                "better than another on others, so nothing is claimed.",
                n=n,
                needed=MIN_DATASETS,
            )
        apart = [one for one in found.tests if one["p_value_adjusted"] < SIGNIFICANCE_LEVEL]
        if not found.tests:
            return say(
                "No two models have a result on all {n} datasets, so none are compared over them.", n=n
            )
        if n < (needed := min_datasets(len(found.tests))):
            return say(
                "There are {n} datasets; to tell any of {pairs} pairs of models apart, Holm's correction included, "
                "Wilcoxon's test needs {needed} at least, so nothing is claimed.",
                n=n,
                pairs=len(found.tests),
                needed=needed,
            )
        return say(
            "Over {datasets} datasets, Wilcoxon's signed-rank test tells {apart} of {n} pairs of models apart, after "
            "Holm's correction.",
            datasets=n,
            apart=len(apart),
            n=len(found.tests),
        )

    # ---- Luck ----

    def variance_sentences(self) -> list[str]:
        """How much the sources of chance do, and whom that leaves the better one."""
        return [*filter(None, map(self._luck_on, self.results.datasets)), *self._wins()]

    def _luck_on(self, dataset: str) -> str:
        say = self.say
        rows = [one for one in self.results.variances if one["dataset"] == dataset]
        parts = []
        for source in (SEED, INIT, DATA_ORDER, SPLIT, ALL_FACTORS):
            stds = [one["accuracy_std"] for one in rows if one["source"] == source]
            if stds:
                parts.append(
                    say(
                        "{n} by {source}",
                        n=say.number(100 * median(stds), 2),
                        source=self.source_label(source),
                    )
                )
        if not parts:
            return ""
        return say(
            "On `{dataset}`, the standard deviation of a model's accuracy, in percentage points and the median of all "
            "models, is {parts}.",
            dataset=dataset,
            parts=say.listed(parts),
        )

    def _wins(self) -> list[str]:
        say, pairs = self.say, self.results.pairs
        if not pairs:
            return []
        most = max(one["pairs"] for one in pairs)
        if most < MIN_PAIRS:
            return [
                say(
                    "With {n} runs of each model, nobody can tell how often one beats another: it takes {few} at "
                    "least, and {many} to be sure.",
                    n=most,
                    few=MIN_PAIRS,
                    many=RECOMMENDED_PAIRS,
                )
            ]
        judged = [one for one in pairs if one["verdict"] != "too few"]
        meaningful = [one for one in judged if one["verdict"] == "meaningful"]
        return [
            say(
                "Of {n} pairs of models on the same dataset, in {meaningful} the probability that one beats the other "
                "is estimated at {least} or more, with an interval above one half.",
                n=len(judged),
                least=say.number(MEANINGFUL_PROBABILITY, 2),
                meaningful=len(meaningful),
            ),
            *(
                [
                    say(
                        "That is from {n} runs of each; it takes {many} to be sure.",
                        n=most,
                        many=RECOMMENDED_PAIRS,
                    )
                ]
                if most < RECOMMENDED_PAIRS
                else []
            ),
        ]

    def source_label(self, source: str) -> str:
        """A source of chance in words."""
        say = self.say
        return {
            SEED: say("weights and batches"),
            INIT: say("initial weights"),
            DATA_ORDER: say("order of batches"),
            SPLIT: say("split"),
            ALL_FACTORS: say("all at once"),
        }[source]

    def run_suffix(self, one: Row) -> str:
        """In what a run differs from the model's own, in brackets; nothing for that."""
        say = self.say
        parts = {
            SEED: say("seed {n}", n=one["seed"]),
            ALL_FACTORS: say("split {n}, seed {seed}", n=one["split"], seed=one["seed"]),
            SPLIT: say("split {n}", n=one["split"]),
            INIT: say("initial weights by seed {n}", n=one["init_seed"]),
            DATA_ORDER: say("order of batches by seed {n}", n=one["seed"]),
            TRAIN_SIZE: say("{n} training images", n=say.whole(one["size"])),
            SHIFTED: one["test_set"],
        }
        return f" ({parts[one['varied']]})" if one["varied"] else ""

    def verdict_label(self, pair: Row) -> str:
        """What a pair's probability is worth."""
        say = self.say
        return {
            "too few": say("too few runs"),
            "meaningful": say("meaningful"),
            "not meaningful": say("not meaningful"),
        }[pair["verdict"]]

    # ---- Sizes ----

    def crossover_sentences(self) -> list[str]:
        """On each dataset, from how many images on the best network beats the best other model, or the other way."""
        return [sentence for dataset in self.results.curves for sentence in self._growth_on(dataset)]

    def _growth_on(self, dataset: str) -> list[str]:
        say, curves = self.say, self.results.curves[dataset]
        last = {model: one["points"][-1]["accuracy"] for model, one in curves["models"].items()}
        learners, others = self.results.split_by_epoch_training(dataset)
        if not learners or not others:
            return []
        pair = {max(learners, key=last.get), max(others, key=last.get)}
        found = [one for one in curves["crossovers"] if {one["winner_large"], one["winner_small"]} == pair]
        if found:
            one = found[0]
            names = {"dataset": dataset, "later": one["winner_large"], "before": one["winner_small"]}
            if one["high"] is None:
                return [
                    say(
                        "On `{dataset}`, it can't be told whether `{later}` beats `{before}` with all training images.",
                        **names,
                    )
                ]
            return [
                say(
                    "On `{dataset}`, `{later}` beats `{before}` from about {n} training images on ({interval}).",
                    n=say.whole(round_2sf(one["from"])),
                    interval=self.sizes_between(one),
                    **names,
                )
            ]
        first, second = sorted(pair, key=last.get, reverse=True)
        if last[first] == last[second]:
            return [
                say(
                    "On `{dataset}`, `{first}` and `{second}` end equal with all training images.",
                    dataset=dataset,
                    first=first,
                    second=second,
                )
            ]
        sure = any(one["sure"] for one in curves["leads"] if (one["better"], one["worse"]) == (first, second))
        names = {"dataset": dataset, "first": first, "second": second, "n": say.whole(curves["sizes"][0])}
        if sure:
            return [
                say(
                    "On `{dataset}`, `{first}` is ahead of `{second}` at every size from {n} training images on.",
                    **names,
                )
            ]
        return [
            say(
                "On `{dataset}`, `{first}` was nowhere behind `{second}`, from {n} training images on; on other test "
                "images it might be at some size.",
                **names,
            )
        ]

    def sizes_between(self, one: Row) -> str:
        """The interval of a number of images, which may end outside of all sizes."""
        say = self.say
        low = (
            say.whole(round_2sf(one["low"]))
            if one["low"] is not None
            else say("fewer than the smallest size")
        )
        high = say.whole(round_2sf(one["high"])) if one["high"] is not None else say("more than all")
        return say("95% interval: {low} to {high}", low=low, high=high)

    def extrapolation_text(self, law: Row) -> str:
        """What twice as many images would give, or why that can't be told."""
        say = self.say
        if law["reason"] == "few sizes":
            return say("can't be told: too few sizes")
        if law["reason"] == "missed":
            return say(
                "can't be told: {foretold} was foretold of all images, and {measured} measured",
                foretold=say.number(law["foretold"]["accuracy"]),
                measured=say.number(law["measured"]),
            )
        low, high = (say.number(bound) for bound in law["twice"]["interval"])
        if law["reason"] == "vague" and np.ptp(law["foretold"]["interval"]) > np.ptp(
            law["twice"]["interval"]
        ):
            low, high = (say.number(bound) for bound in law["foretold"]["interval"])
            return say(
                "can't be told: of all images, anything from {low} to {high} was foretold", low=low, high=high
            )
        if law["reason"] == "vague":
            return say("can't be told: anything from {low} to {high}", low=low, high=high)
        number = say.number(law["twice"]["accuracy"])
        if law["gain"]["accuracy"] <= 0:
            return say("{n} ({low} to {high}), no more", n=number, low=low, high=high)
        return say(
            "{n} ({low} to {high}), {gain} more",
            n=number,
            low=low,
            high=high,
            gain=say.signed(law["gain"]["accuracy"]),
        )

    def distribution_shift_text(self, name: str, pairs: list[tuple[Row, Row]]) -> str:
        """What other test images do to the models. pairs: each model's row there, and its own."""
        say = self.say
        changes = [there["accuracy"] - own["accuracy"] for there, own in pairs]
        two = list(combinations(pairs, 2))
        kept = sum(
            np.sign(a["accuracy"] - b["accuracy"]) == np.sign(of_a["accuracy"] - of_b["accuracy"])
            for (a, of_a), (b, of_b) in two
        )
        return say(
            "On `{name}`, accuracies change by {low} to {high}; {kept} of {n} pairs of models keep their order.",
            name=name,
            low=say.signed(min(changes)),
            high=say.signed(max(changes)),
            kept=kept,
            n=len(two),
        )

    def extrapolation_summary(self) -> str:
        """Of how many models it can be told what twice as many images would give."""
        say = self.say
        found = [one["law"] for curves in self.results.curves.values() for one in curves["models"].values()]
        return say(
            "Of {n} curves, a power law that has not seen the largest size foretells it closely enough in {told}; of "
            "those, the table says what twice as many images would give.",
            n=sum(law["reason"] != "few sizes" for law in found),
            told=sum(law["told"] for law in found),
        )


def round_2sf(size: float) -> int:
    """A number of images that lies between measured ones, with two figures that count."""
    return int(float(f"{size:.1e}"))
