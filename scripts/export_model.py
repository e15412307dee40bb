"""Export a fitted model as an ONNX file, and compare its predictions of the test images with the model's."""

from importlib.metadata import version

import numpy as np

from cifarbench.export.inference_model import InferenceModel
from cifarbench.export.onnx_export import to_onnx
from cifarbench.export.onnx_validate import benchmark_latency, make_session, validate_onnx
from cifarbench.io.atomic import atomic_write, load_npz, write_json
from cifarbench.models.saved_model import SavedModel
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the ONNX file and the result of the comparison; the first input is dataset.json. model: its run."""
    stored = SavedModel.read(job.input.files[0].parents[1], job.options["model"])
    model = InferenceModel(stored)
    properties = {
        "model": stored.run,
        "classes": "\n".join(stored.dataset["classes"]),
        "dataset": stored.dataset["dataset"],
        "archive_sha256": stored.dataset["archive"]["sha256"],
    }
    content = to_onnx(model, properties).SerializeToString()
    pixels = np.load(stored.path("data/test_images.npy"))
    # Those of a cross-validation are of other fits.
    is_pooled = "folds" in stored.dataset
    predicted = model.predict(pixels)._asdict() if is_pooled else load_npz(stored.file("predictions.npz"))
    session = make_session(content)
    check = validate_onnx(session, model, pixels, predicted["y_pred"], predicted["proba"])
    seconds = benchmark_latency(session, model, pixels)
    with atomic_write(job.output.onnx) as file:
        file.write(content)
    packages = {name: version(name) for name in ("onnx", "onnxruntime", "torch", "skl2onnx")}
    write_json(job.output.parity, check | {"speed": seconds, "bytes": len(content), "versions": packages})
