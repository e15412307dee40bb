"""What some test images do to the comparison: every model's accuracy with and without them."""

from itertools import combinations
from typing import Any

import numpy as np

N_RESAMPLES = 5000
CI_TAILS = (2.5, 97.5)


def accuracy_without_subsets(
    correct: dict[str, np.ndarray], left_out: dict[str, np.ndarray], seed: int
) -> dict[str, Any]:
    """Return accuracies on all test images and without some of them, ready for JSON.

    correct: model -> (N,) bool, which test images it gets right. left_out: name -> (N,) bool, the images that are left
    out; none of them if that would leave no image. seed: of the bootstrap.

    Each model has its `accuracy` on the images left, the `accuracy_ci95`, the `delta` against all images, and the
    `delta_ci95` by a paired bootstrap. `rank_swaps`: pairs of models, of which the first is more accurate on all
    images and the second without some.
    """
    random = np.random.default_rng(seed)
    n_test = len(next(iter(correct.values()))) if correct else 0
    whole = {model: float(right.mean()) for model, right in correct.items()}
    parts = {
        name: {
            "n_removed": int(chosen.sum()),
            "models": {model: _accuracy(right, chosen, random) for model, right in correct.items()},
        }
        for name, chosen in ({"all": np.zeros(n_test, bool)} | left_out).items()
        if not chosen.all()
    }
    for part in parts.values():
        left = {model: row["accuracy"] for model, row in part["models"].items()}
        part["rank_swaps"] = [
            pair
            for one, other in combinations(whole, 2)
            for pair in ([one, other], [other, one])
            if whole[pair[0]] > whole[pair[1]] and left[pair[0]] < left[pair[1]]
        ]
    return {"n_test": n_test, "subsets": parts}


def _accuracy(right: np.ndarray, chosen: np.ndarray, random: np.random.Generator) -> dict[str, Any]:
    """Return a model's accuracy without the `chosen` images, and bootstrap intervals, as above.

    Drawing images with replacement is drawing the numbers of correct and wrong ones, among those kept and left out.
    """
    cells = np.bincount(2 * chosen + right, minlength=4)
    drawn = random.multinomial(len(right), cells / len(right), N_RESAMPLES)
    kept_accuracy = drawn[:, 1] / np.maximum(drawn[:, :2].sum(axis=1), 1)
    change = kept_accuracy - (drawn[:, 1] + drawn[:, 3]) / len(right)
    accuracy = cells[1] / cells[:2].sum()
    return {
        "accuracy": float(accuracy),
        "accuracy_ci95": np.percentile(kept_accuracy, CI_TAILS).tolist(),
        "delta": float(accuracy - right.mean()),
        "delta_ci95": np.percentile(change, CI_TAILS).tolist(),
    }
