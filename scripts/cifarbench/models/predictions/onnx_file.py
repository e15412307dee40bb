"""Predict the test images by an ONNX file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from scipy.special import softmax

from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError
from cifarbench.models.predictions.reader import FilePredictions, TestSet, as_predictions
from cifarbench.planning.model_family import Entry, ImageShape

BATCH_SIZE = 100
FLOATS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
INPUT_KEYS = ("layout", "scale", "mean", "std")


def predict_onnx(
    path: Path,
    test_set: TestSet,
    pixels: np.ndarray,
    image_shape: ImageShape,
    declared: Entry | None,
    threads: int,
) -> FilePredictions:
    """Return the predictions of an ONNX file with one input, for pixels (N, C*H*W) uint8.

    An output of one value per class has the probabilities, or scores before softmax if its rows do not sum to 1.
    Without one, an output of one value per image has the classes. declared: `layout`, `scale`, `mean` and `std`, for
    float inputs; missing ones are read from the metadata of the file. Raises UserError if the file does not fit.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 4
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        spec = _metadata(session) | (declared or {})
        # (N, ...) uint8, as the file takes them.
        images = _arranged(path, session, pixels.reshape(-1, *image_shape), spec.get("layout"))
        outputs = _run(session, images, spec, image_shape[0])
    except UserError:
        raise
    except Exception as error:
        # onnxruntime has an exception class for each code of an error.
        reason = escape_ascii(str(error).strip().partition("\n")[0], 200)
        raise UserError(f"{path} can't be run by onnxruntime ({reason}); export it again.") from None
    n, n_classes = len(pixels), len(test_set.classes)
    scores = next((values for values in outputs if values.shape == (n, n_classes)), None)
    labels = next((values for values in outputs if values.size == n and values.dtype.kind in "iuOU"), None)
    if scores is not None:
        return as_predictions(path, test_set, None, _to_proba(scores.astype(np.float64)))
    if labels is None:
        shapes = ", ".join(f"{output.name} {output.shape}" for output in session.get_outputs())
        raise UserError(f"{path} has the outputs {shapes}; export one of {n_classes} values per image.")
    return as_predictions(path, test_set, labels.reshape(n), None)


def _metadata(session: onnxruntime.InferenceSession) -> dict[str, Any]:
    """Return what the file's metadata says about its input; values are JSON, or text."""
    found: dict[str, Any] = {}
    for key, text in session.get_modelmeta().custom_metadata_map.items():
        if key in INPUT_KEYS:
            try:
                found[key] = json.loads(text)
            except ValueError:
                found[key] = text
    return found


def _arranged(
    path: Path, session: onnxruntime.InferenceSession, images: np.ndarray, layout: str | None
) -> np.ndarray:
    """Return images (N, C, H, W) in the layout of the file's input, which is found by its shape unless named."""
    inputs = session.get_inputs()
    shape = inputs[0].shape
    layouts = {
        "nchw": images,
        "nhwc": images.transpose(0, 2, 3, 1),
        "flat": images.reshape(len(images), -1),
    }
    fitting = [
        name
        for name, arranged in layouts.items()
        if len(arranged.shape) == len(shape)
        # Free axes have a name, or None.
        and all(
            size == side or not isinstance(size, int)
            for size, side in zip(shape[1:], arranged.shape[1:], strict=True)
        )
    ]
    if len(inputs) > 1 or (layout or next(iter(fitting), None)) not in fitting:
        raise UserError(
            f"{path} takes {', '.join(f'{given.name} {given.shape}' for given in inputs)}"
            f"{f' and not the layout {layout}' * bool(layout)}; export it with one input for images of "
            f"{' or '.join(f'{arranged.shape[1:]} ({name})' for name, arranged in layouts.items())}."
        )
    if isinstance(shape[0], int) and len(images) % shape[0]:
        raise UserError(
            f"{path} takes {shape[0]} images at a time, which does not divide {len(images)}; export it with a free "
            "first axis."
        )
    return layouts[layout or fitting[0]]


def _run(
    session: onnxruntime.InferenceSession, images: np.ndarray, spec: dict[str, Any], n_channels: int
) -> list[np.ndarray]:
    taken = session.get_inputs()[0]
    size = taken.shape[0] if isinstance(taken.shape[0], int) else BATCH_SIZE
    batches = []
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        if taken.type in FLOATS:
            batch = _scaled(batch, spec, n_channels).astype(FLOATS[taken.type])
        batches.append(session.run(None, {taken.name: np.ascontiguousarray(batch)}))
    return [np.concatenate([_as_array(part) for part in parts]) for parts in zip(*batches, strict=True)]


def _scaled(batch: np.ndarray, spec: dict[str, Any], n_channels: int) -> np.ndarray:
    """Return (pixel * scale - mean) / std of a batch in any layout."""
    mean, std = (np.array(spec.get(key, default), float) for key, default in (("mean", 0), ("std", 1)))
    if batch.ndim == 2 and n_channels > 1:
        sides = batch.shape[1] // n_channels
        mean, std = (np.repeat(values, sides) if values.size > 1 else values for values in (mean, std))
    elif batch.ndim == 4 and batch.shape[1] == n_channels:
        mean, std = (values.reshape(-1, 1, 1) for values in (mean, std))
    return (batch * float(spec.get("scale", 1 / 255)) - mean) / std


def _as_array(output: Any) -> np.ndarray:
    """Return an output as an array; scikit-learn's converter gives a mapping from class to probability per image."""
    if isinstance(output, list) and output and isinstance(output[0], dict):
        return np.array([[row[key] for key in sorted(row)] for row in output])
    return np.asarray(output)


def _to_proba(scores: np.ndarray) -> np.ndarray:
    """Return probabilities as they are, and the softmax of other scores: (N, n_classes)."""
    if scores.min() >= 0 and np.abs(scores.sum(axis=1) - 1).max() <= 1e-3:
        return scores
    return softmax(scores, axis=1)
