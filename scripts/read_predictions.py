"""Read the predictions of a file, or predict the test images by an ONNX file."""

import numpy as np

from cifarbench.data.provenance import expand_home
from cifarbench.errors import UserError
from cifarbench.evaluation.metrics import test_set_fingerprint
from cifarbench.io.atomic import read_json
from cifarbench.models.outputs import write_fit_json, write_predictions
from cifarbench.models.predictions.family import FAMILY_LABEL
from cifarbench.models.predictions.reader import FilePredictions, TestSet, read_predictions
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage, versions


def main(job: Job) -> None:
    """Write the predictions and fit.json, in which all that is not known is null.

    A file that does not fit is the failure of this model alone. settings: `model`, `params`.
    """
    watch = Timer()
    try:
        y_true, (y_pred, proba, probabilities) = _predict(job, watch)
    except UserError as error:
        job.fail(str(error))
        return
    write_predictions(job.output.predictions, y_true, proba, y_pred)
    params = job.settings["params"]
    path = expand_home(params["file"])
    usage, is_onnx = resource_usage(watch.seconds, job.threads), path.suffix == ".onnx"
    unknown = dict.fromkeys(
        ("fit_seconds", "predict_seconds", "peak_memory_mb", "stored_mb", "device", "processor", "threads")
    )
    measured = {
        "predict_seconds": watch.seconds,
        "peak_memory_mb": usage["peak_memory_mb"],
        "stored_mb": path.stat().st_size / 1e6,
    }
    write_fit_json(
        job.output.fit,
        job.settings,
        family_label=FAMILY_LABEL,
        fit_costs=[usage],
        predict_costs=[usage],
        stored_bytes=0,
        n_parameters=None,
        seed=None,
        probabilities=probabilities,
        # There is no fitted model to predict other images with.
        facts=unknown
        | {"inference": None, "versions": versions() if is_onnx else {}}
        | (measured if is_onnx else {})
        | (params["fit"] or {}),
    )


def _predict(job: Job, watch: Timer) -> tuple[np.ndarray, FilePredictions]:
    params, y_true = job.settings["params"], np.load(job.input.test_labels)
    dataset, path = read_json(job.input.dataset), expand_home(params["file"])
    test_set = TestSet.of(dataset, y_true)
    expected = params.get("test_set_hash")
    if expected and expected != test_set_fingerprint(job.input.test_images, y_true):
        raise UserError(
            f"{path} is of test images with the checksum {expected[:12]}, and these have another; predict these."
        )
    if path.suffix != ".onnx":
        return y_true, read_predictions(path, test_set, f"models.{job.settings['model']}.file")
    # Imported here, since it is slow and other files do not need it.
    from cifarbench.models.predictions.onnx_file import predict_onnx

    pixels = np.load(job.input.test_images, mmap_mode="r")
    with watch:
        predictions = predict_onnx(
            path, test_set, pixels, dataset["image_shape"], params["input"], job.threads
        )
    return y_true, predictions
