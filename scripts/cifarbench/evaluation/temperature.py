"""One number that makes a model as sure as it is right: its temperature (Guo et al. 2017, ICML)."""

import numpy as np

# A probability of 0 can't be cooled or warmed: neighbours that agree leave others this much.
MIN_PROBA = 1e-4
# The hottest and the coldest that is looked for, as powers of e.
LOG_T_BOUNDS = (-3, 3)


def fit_temperature(proba: np.ndarray, y_true: np.ndarray) -> float:
    """The temperature at which images that a model was not fitted to are the least surprise.

    proba: (N, n_classes), rows sum to 1. y_true: (N,) int. More than 1 makes the model less sure.
    """
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(y_true))

    def surprise(log_temperature: float) -> float:
        return float(-np.log(apply_temperature(proba, np.exp(log_temperature))[rows, y_true]).mean())

    return float(np.exp(minimize_scalar(surprise, bounds=LOG_T_BOUNDS, method="bounded").x))


def apply_temperature(proba: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities at another temperature, (N, n_classes) float64: the same classes, surer or less sure."""
    from scipy.special import softmax

    return softmax(np.log(np.maximum(proba.astype(np.float64), MIN_PROBA)) / temperature, axis=1)
