"""What every model ends in, whatever its family: predictions.npz and fit.json."""

from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.study.cost import peak_memory_mb, processor, versions
from cifarbench.study.files import write_arrays, write_json


def write_predictions(path: Path, y_true: np.ndarray, proba: np.ndarray) -> None:
    """Write `y_true` (N,) int, `proba` (N, n_classes) float32, and `y_pred`, the likeliest class of each image."""
    write_arrays(path, y_true=y_true, y_pred=proba.argmax(axis=1), proba=proba.astype(np.float32))


def write_fit(
    path: Path,
    settings: dict[str, Any],
    *,
    fitting: dict[str, Any],
    predict_seconds: float,
    stored_bytes: int,
    n_parameters: int | None,
    device: str,
) -> None:
    """Write what the model is and what it cost.

    settings: `model`, `family`, `params`, `seed`. fitting: the cost of all steps of the fit. Seconds are those
    of the work itself, without starting programs or reading files; memory is the largest of all steps.
    """
    write_json(
        path,
        {
            **{name: settings[name] for name in ("model", "family", "params", "seed")},
            "fit_seconds": fitting["seconds"],
            "predict_seconds": predict_seconds,
            "peak_memory_mb": max(fitting["peak_memory_mb"], peak_memory_mb()),
            "stored_mb": stored_bytes / 1e6,
            "n_parameters": n_parameters,
            "device": device,
            "processor": processor(),
            "threads": fitting["threads"],
            "versions": versions(),
        },
    )
