"""Whether an exported file answers as the study did, on every test image, and how fast."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np
import onnxruntime

from cifarbench.errors import UserError
from cifarbench.export.model import InferenceModel
from cifarbench.export.onnx_export import CLASS, INPUT, PROBABILITIES
from cifarbench.features.pipeline import apply_pipeline

# How far a probability may be from the study's.
TOLERANCE = 1e-5
# Images at once: some features and neighbours need a hundred times their memory.
BATCH_SIZE = 100
N_REPEATS = 5


@dataclass(frozen=True)
class Ambiguity:
    """A test image on which the file and the study may differ, since float32 does not tell what decides it."""

    image: int
    native: str
    exported: str
    difference: float


@dataclass(frozen=True)
class OnnxCheck:
    """How the file's answers compare with the study's.

    n_images: all test images. n_equal: those with the same class. max_abs_diff: of a probability, over all images
    that are no ties. ties: those with another class, or with probabilities further off than the tolerance.
    """

    n_images: int
    n_equal: int
    max_abs_diff: float
    ambiguous: list[Ambiguity]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"tolerance": TOLERANCE}


def make_session(content: bytes) -> onnxruntime.InferenceSession:
    """An ONNX file in onnxruntime, on one thread of the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Warnings that nobody can act on.
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run_onnx(
    exported: onnxruntime.InferenceSession, pixels: np.ndarray, image_shape: tuple[int, int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Classes (N,) int64 and probabilities (N, n_classes) float32 of pixels (N, D) uint8."""
    images = pixels.reshape(-1, *image_shape)
    found = [
        exported.run(
            [CLASS, PROBABILITIES], {INPUT: np.ascontiguousarray(images[start : start + BATCH_SIZE])}
        )
        for start in range(0, len(images), BATCH_SIZE)
    ]
    classes, probabilities = zip(*found, strict=True)
    return np.concatenate(classes), np.concatenate(probabilities)


def validate_onnx(
    exported: onnxruntime.InferenceSession,
    model: InferenceModel,
    pixels: np.ndarray,
    y_pred: np.ndarray,
    proba: np.ndarray,
) -> OnnxCheck:
    """Hold the file against what the study has predicted of its test images.

    pixels: (N, D) uint8. y_pred (N,), proba (N, n_classes): from predictions.npz. Raises UserError if an image that is
    no tie differs: such a file is not the model.
    """
    stored = model.stored
    classes, probabilities = run_onnx(exported, pixels, stored.image_shape)
    differences = np.abs(probabilities - proba).max(axis=1)
    differs = (classes != y_pred) | (differences > TOLERANCE)
    tied = np.zeros(len(pixels), bool)
    suspects = np.flatnonzero(differs)
    if len(suspects):
        tied[suspects] = _tied(
            model, pixels[suspects], proba[suspects], classes[suspects], differences[suspects]
        )
    wrong = differs & ~tied
    if wrong.any():
        image = np.flatnonzero(wrong)[differences[wrong].argmax()]
        names = stored.dataset["classes"]
        raise UserError(
            f"{stored.run} is not exported: its ONNX file answers otherwise for {wrong.sum()} of {len(pixels)} test "
            f"images; for image {image} it says {names[classes[image]]}, the study {names[y_pred[image]]}, with "
            f"probabilities up to {differences[image]:.2g} apart: take another model."
        )
    names = stored.dataset["classes"]
    ties = [
        Ambiguity(int(image), names[y_pred[image]], names[classes[image]], float(differences[image]))
        for image in suspects
    ]
    return OnnxCheck(
        len(pixels), int((classes == y_pred).sum()), float(differences[~differs].max(initial=0)), ties
    )


def _tied(
    model: InferenceModel, pixels: np.ndarray, proba: np.ndarray, classes: np.ndarray, differences: np.ndarray
) -> np.ndarray:
    """Which images have two classes equally likely, or are ties by what the family says of itself."""
    chosen = proba[np.arange(len(proba)), classes]
    equals = (differences <= TOLERANCE) & (proba.max(axis=1) - chosen <= 2 * TOLERANCE)
    if hasattr(model.predictor, "tied"):
        equals |= model.predictor.tied(apply_pipeline(model.steps, pixels, model.stored.image_shape))
    return equals


def benchmark_latency(
    exported: onnxruntime.InferenceSession, model: InferenceModel, pixels: np.ndarray
) -> dict[str, Any]:
    """Milliseconds for one image and for a batch, of the file and of the study's own code; both on one thread."""
    shape = model.stored.image_shape
    batch = pixels[: min(1000, len(pixels))]
    ways = {"onnxruntime": lambda some: run_onnx(exported, some, shape), "study": model.predict}
    measured = {
        name: {"one_image_ms": _milliseconds(way, pixels[:1]), "batch_ms": _milliseconds(way, batch)}
        for name, way in ways.items()
    }
    return {"batch": len(batch), **measured}


def _milliseconds(way: Callable[[np.ndarray], Any], pixels: np.ndarray) -> float:
    """The median of a few runs, after one that does not count."""
    way(pixels)
    seconds = []
    for _ in range(N_REPEATS):
        start = time.perf_counter()
        way(pixels)
        seconds.append(time.perf_counter() - start)
    return 1000 * median(seconds)
