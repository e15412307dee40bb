"""The bootstrap over images and seeds, compared with a mixed model and by simulation."""

import warnings

import numpy as np
import pytest
from statsmodels.regression.mixed_linear_model import MixedLM

from cifarbench.evaluation.crossed_bootstrap import crossed_difference, seed_variance, variance_shares


def simulate(
    rng: np.random.Generator, accuracy: float, n_seeds: int, difficulty: np.ndarray, seed_std: float
) -> np.ndarray:
    """Return which images runs classify correctly, (n_seeds, N) bool, with a probability per image and seed."""
    of_seed = rng.normal(0, seed_std, size=(n_seeds, 1))
    return rng.random((n_seeds, len(difficulty))) < np.clip(accuracy + difficulty + of_seed, 0, 1)


def test_standard_errors_equal_those_of_a_mixed_model():
    """With many seeds, the bootstrap and the mixed model estimate the same standard error."""
    rng = np.random.default_rng(0)
    n_seeds, n_images = 12, 80
    difficulty = rng.normal(0, 0.2, size=n_images)
    a, b = (simulate(rng, accuracy, n_seeds, difficulty, 0.04) for accuracy in (0.62, 0.55))
    # Random effects of the images on the difference, of the seeds, and residuals.
    values = np.concatenate([a.ravel(), b.ravel()]).astype(float)
    images = np.tile(np.arange(n_images), 2 * n_seeds)
    seeds = np.repeat(np.arange(2 * n_seeds), n_images)
    recipe = np.repeat([0.5, -0.5], n_seeds * n_images)
    design = np.column_stack([np.ones(len(values)), recipe])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = MixedLM(
            values,
            design,
            groups=np.ones(len(values)),
            exog_vc={
                "image": {1: (images[:, None] == np.arange(n_images)).astype(float)},
                "seed": {1: (seeds[:, None] == np.arange(2 * n_seeds)).astype(float)},
            },
        ).fit()
    found = crossed_difference(a, b, seed=0)
    assert found.difference == pytest.approx(fitted.params[1], abs=1e-6)
    assert found.standard_error == pytest.approx(fitted.bse[1], rel=0.15)


@pytest.mark.parametrize("seed_std", [0.0, 0.03])
def test_intervals_cover_with_few_seeds(seed_std):
    covered = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        difficulty = rng.normal(0, 0.2, size=400)
        a, b = (simulate(rng, 0.6, 4, difficulty, seed_std) for _ in range(2))
        found = crossed_difference(a, b, seed)
        covered += found.low <= 0 <= found.high
    # At a coverage of 95%, the probability of fewer than 134 of 150 is 1/400.
    assert covered >= 134


def test_single_runs_have_only_the_variance_of_images():
    rng = np.random.default_rng(3)
    a, b = rng.random((2, 1, 2000)) < 0.7
    found = crossed_difference(a, b, seed=0)
    expected = (a[0].astype(float) - b[0]).std(ddof=1) / np.sqrt(2000)
    assert found.standard_error == pytest.approx(expected, rel=0.05)
    assert found.high - found.low == pytest.approx(2 * 1.96 * expected, rel=0.05)


def test_the_variance_between_seeds_is_estimated():
    rng = np.random.default_rng(4)
    difficulty = rng.normal(0, 0.2, size=3000)
    noisy = simulate(rng, 0.6, 200, difficulty, 0.03)
    assert np.sqrt(seed_variance(noisy)) == pytest.approx(0.03, rel=0.15)
    steady = simulate(rng, 0.6, 200, difficulty, 0.0)
    assert np.sqrt(seed_variance(steady)) < 0.004
    assert variance_shares(noisy)["seeds"] == pytest.approx(0.03**2 / (0.03**2 + 0.24 / 3000), rel=0.15)
    assert variance_shares(np.ones((3, 5), bool)) == {"images": 1.0, "seeds": 0.0}
