"""Write a fitted model as an ONNX file, and hold it against what the study predicted."""

from importlib.metadata import version

import numpy as np

from cifarbench.export.model import Model
from cifarbench.export.onnx_file import to_onnx
from cifarbench.export.parity import compare, session, speed
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import read_arrays, replacing, write_json
from cifarbench.study.stored import Stored


def main(job: Job) -> None:
    """folder: the dataset's, with all files of the model. onnx, parity: what is written."""
    stored = Stored.read(job.input.files[0].parents[1], job.options["model"])
    found = Model(stored)
    properties = {
        "model": stored.run,
        "classes": "\n".join(stored.dataset["classes"]),
        "dataset": stored.dataset["dataset"],
        "archive_sha256": stored.dataset["archive"]["sha256"],
    }
    content = to_onnx(found, properties).SerializeToString()
    predicted = read_arrays(stored.file("predictions.npz"))
    pixels = np.load(stored.within("data/test_images.npy"))
    exported = session(content)
    same = compare(exported, found, pixels, predicted["y_pred"], predicted["proba"])
    seconds = speed(exported, found, pixels)
    with replacing(job.output.onnx) as file:
        file.write(content)
    packages = {name: version(name) for name in ("onnx", "onnxruntime", "torch", "skl2onnx")}
    write_json(
        job.output.parity, same.as_dict() | {"speed": seconds, "bytes": len(content), "versions": packages}
    )


if __name__ == "__main__":
    run(main)
