"""Find images that are there twice, or nearly, within and between training and test images."""

import numpy as np
from threadpoolctl import threadpool_limits

from cifarbench.audit import duplicates, files
from cifarbench.runtime.job import Job, run
from cifarbench.study.blocks import Joined
from cifarbench.study.files import read_json, write_json
from cifarbench.study.tables import write_table


def main(job: Job) -> None:
    """settings: `flippable`, whether a mirrored image shows the same; `seed`."""
    about = read_json(job.input.dataset)
    images = Joined(
        *(np.load(path, mmap_mode="r") for path in (job.input.train_images, job.input.test_images))
    )
    shape, n_train = tuple(about["image_shape"]), about["n_train"]
    with threadpool_limits(job.threads):
        found, least = duplicates.find(
            images, shape, job.threads, job.settings["flippable"], job.settings["seed"], n_train
        )
    known = files.names(about)
    columns = {}
    for side, places in (("a", found.first), ("b", found.second)):
        splits, indices = files.place(places, about)
        columns[f"split_{side}"], columns[f"index_{side}"] = splits.tolist(), indices.tolist()
    columns["kind"] = [duplicates.KINDS[kind] for kind in found.kind]
    columns["score"] = found.score.round(4).tolist()
    for side in "ab":
        columns[f"file_{side}"] = files.of(known, columns[f"split_{side}"], columns[f"index_{side}"])
    write_table(job.output.table, columns)
    write_json(job.output.summary, {"copy_from": least, "listed_from": duplicates.LISTED})


if __name__ == "__main__":
    run(main)
