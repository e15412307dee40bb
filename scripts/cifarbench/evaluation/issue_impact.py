"""Impact of duplicates and label issues: the accuracy of each model with and without some test images."""

from itertools import combinations
from typing import Any

import numpy as np

from cifarbench.evaluation.statistics import wilson_interval

N_RESAMPLES = 5000
CI_TAILS = (2.5, 97.5)


def accuracy_without_subsets(
    correct: dict[str, np.ndarray], left_out: dict[str, np.ndarray], seed: int, share: float = 1
) -> dict[str, Any]:
    """Return accuracies on all test images and without some of them, ready for JSON.

    correct: model -> (N,) bool, whether it classifies a test image correctly. left_out: name -> (N,) bool, the images
    to leave out; a name that would leave no image is skipped. seed: of the bootstrap. share: of the
    images that count in intervals of accuracies.

    Each model has its `accuracy` on the remaining images with `accuracy_ci95`, Wilson's interval as in `metrics.json`,
    and the difference `delta` to all images with `delta_ci95` by a paired bootstrap. `rank_swaps`: pairs of models of
    which the first is more accurate on all images, and the second on the remaining ones.
    """
    random = np.random.default_rng(seed)
    n_test = len(next(iter(correct.values()))) if correct else 0
    on_all = {model: float(right.mean()) for model, right in correct.items()}
    subsets: dict[str, dict[str, Any]] = {
        name: {
            "n_removed": int(chosen.sum()),
            "models": {model: _accuracy(right, chosen, random, share) for model, right in correct.items()},
        }
        for name, chosen in ({"all": np.zeros(n_test, bool)} | left_out).items()
        if not chosen.all()
    }
    for subset in subsets.values():
        remaining = {model: row["accuracy"] for model, row in subset["models"].items()}
        subset["rank_swaps"] = [
            pair
            for first, second in combinations(on_all, 2)
            for pair in ([first, second], [second, first])
            if on_all[pair[0]] > on_all[pair[1]] and remaining[pair[0]] < remaining[pair[1]]
        ]
    return {"n_test": n_test, "subsets": subsets}


def _accuracy(
    right: np.ndarray, chosen: np.ndarray, random: np.random.Generator, share: float
) -> dict[str, Any]:
    """Return a model's accuracy without the `chosen` images, and its difference to all images with their intervals.

    Resampling images equals resampling the numbers of correct and wrong ones among the remaining and the chosen images.
    """
    cells = np.bincount(2 * chosen + right, minlength=4)
    drawn = random.multinomial(len(right), cells / len(right), N_RESAMPLES)
    remaining_accuracy = drawn[:, 1] / np.maximum(drawn[:, :2].sum(axis=1), 1)
    delta = remaining_accuracy - (drawn[:, 1] + drawn[:, 3]) / len(right)
    accuracy = cells[1] / cells[:2].sum()
    return {
        "accuracy": float(accuracy),
        "accuracy_ci95": wilson_interval(int(cells[1]), int(cells[:2].sum()), share),
        "delta": float(accuracy - right.mean()),
        "delta_ci95": np.percentile(delta, CI_TAILS).tolist(),
    }
