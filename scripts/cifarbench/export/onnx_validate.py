"""Compare an ONNX file with the model on every test image, and measure the speed of both."""

import timeit
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import onnxruntime

from cifarbench.errors import UserError
from cifarbench.export.inference_model import InferenceModel
from cifarbench.export.onnx_export import CLASS, INPUT, PROBABILITIES
from cifarbench.features.pipeline import apply_pipeline

# Largest difference of a probability from the model's.
TOLERANCE = 1e-5
# Images per call; some features and kNN need a hundred times their memory.
BATCH_SIZE = 100
# Timed calls.
N_REPEATS = 5


def make_session(content: bytes) -> onnxruntime.InferenceSession:
    """Return an onnxruntime session of an ONNX file, on one thread of the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Log errors only.
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run_onnx(
    session: onnxruntime.InferenceSession, pixels: np.ndarray, image_shape: tuple[int, int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return classes (N,) int64 and probabilities (N, n_classes) float32 of pixels (N, D) uint8."""
    images = np.ascontiguousarray(pixels.reshape(-1, *image_shape))
    batches = [
        session.run([CLASS, PROBABILITIES], {INPUT: images[start : start + BATCH_SIZE]})
        for start in range(0, len(images), BATCH_SIZE)
    ]
    classes, probabilities = zip(*batches, strict=True)
    return np.concatenate(classes), np.concatenate(probabilities)


def validate_onnx(
    session: onnxruntime.InferenceSession,
    model: InferenceModel,
    pixels: np.ndarray,
    y_pred: np.ndarray,
    proba: np.ndarray,
) -> dict[str, Any]:
    """Compare an ONNX file's predictions of the test images with the model's.

    pixels: (N, D) uint8. y_pred (N,), proba (N, n_classes): from predictions.npz.

    Returns `n_images`; `n_equal`, those with the same class; `ambiguous`, images on which float32 rounding may decide,
    with another class or probabilities that differ by more than `tolerance`; and `max_abs_diff`, the largest difference
    of a probability on all others. Raises UserError if an image differs that is not ambiguous.
    """
    stored, names = model.stored, model.stored.dataset["classes"]
    classes, probabilities = run_onnx(session, pixels, stored.image_shape)
    differences = np.abs(probabilities - proba).max(axis=1)
    differs = (classes != y_pred) | (differences > TOLERANCE)
    indices = np.flatnonzero(differs)
    if len(indices):
        is_ambiguous = _ambiguous(
            model, pixels[indices], proba[indices], classes[indices], differences[indices]
        )
        wrong = indices[~is_ambiguous]
        if len(wrong):
            image = wrong[differences[wrong].argmax()]
            raise UserError(
                f"{stored.run} is not exported: its ONNX file differs on {len(wrong)} of {len(pixels)} test images; "
                f"for image {image} it predicts {names[classes[image]]}, the model {names[y_pred[image]]}, with "
                f"probabilities that differ by up to {differences[image]:.2g}; export another model."
            )
    ambiguous = [
        {
            "image": int(image),
            "native": names[y_pred[image]],
            "exported": names[classes[image]],
            "difference": float(differences[image]),
        }
        for image in indices
    ]
    return {
        "n_images": len(pixels),
        "n_equal": int((classes == y_pred).sum()),
        "max_abs_diff": float(differences[~differs].max(initial=0)),
        "ambiguous": ambiguous,
        "tolerance": TOLERANCE,
    }


def _ambiguous(
    model: InferenceModel, pixels: np.ndarray, proba: np.ndarray, classes: np.ndarray, differences: np.ndarray
) -> np.ndarray:
    """Return which images have two equally likely classes, or are ties for the model's predictor: (N,) bool."""
    chosen = proba[np.arange(len(proba)), classes]
    ambiguous = (differences <= TOLERANCE) & (proba.max(axis=1) - chosen <= 2 * TOLERANCE)
    if hasattr(model.predictor, "tied"):
        ambiguous |= model.predictor.tied(apply_pipeline(model.steps, pixels, model.stored.image_shape))
    return ambiguous


def benchmark_latency(
    session: onnxruntime.InferenceSession, model: InferenceModel, pixels: np.ndarray
) -> dict[str, Any]:
    """Return milliseconds for one image and for a batch, of the ONNX file and of the model, on one thread each."""
    shape = model.stored.image_shape
    batch = pixels[:1000]
    predictors: dict[str, Callable[[np.ndarray], Any]] = {
        "onnxruntime": lambda rows: run_onnx(session, rows, shape),
        "native": model.predict,
    }
    latencies = {
        name: {"one_image_ms": _median_ms(predict, pixels[:1]), "batch_ms": _median_ms(predict, batch)}
        for name, predict in predictors.items()
    }
    return {"batch": len(batch), **latencies}


def _median_ms(predict: Callable[[np.ndarray], Any], pixels: np.ndarray) -> float:
    """Return the median time of N_REPEATS calls in milliseconds, after one that is not timed."""
    predict(pixels)
    return 1000 * median(timeit.repeat(lambda: predict(pixels), number=1, repeat=N_REPEATS))
