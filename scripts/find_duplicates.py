"""Find duplicates and near duplicates within and between training and test images."""

import numpy as np
from threadpoolctl import threadpool_limits

from cifarbench.audit import duplicates, image_index
from cifarbench.io.atomic import read_json, write_json
from cifarbench.io.csv_io import write_csv
from cifarbench.io.memmap import ConcatenatedArrays
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the pairs. settings: `hflip_safe`, whether a mirrored image shows the same; `seed`."""
    dataset = read_json(job.input.dataset)
    images = ConcatenatedArrays(*(np.load(path, mmap_mode="r") for path in job.input.images))
    shape, n_train = tuple(dataset["image_shape"]), dataset["n_train"]
    with threadpool_limits(job.threads):
        pairs, threshold = duplicates.find_near_duplicates(
            images, shape, job.threads, job.settings["hflip_safe"], job.settings["seed"], n_train
        )
    known = image_index.image_paths(dataset)
    columns = {}
    for side, indices_in_all in (("a", pairs.first), ("b", pairs.second)):
        splits, indices = image_index.to_split_and_index(indices_in_all, dataset)
        columns[f"split_{side}"], columns[f"index_{side}"] = splits.tolist(), indices.tolist()
    columns["type"] = [duplicates.TYPES[number] for number in pairs.type]
    columns["score"] = pairs.score.round(4).tolist()
    for side in "ab":
        columns[f"file_{side}"] = image_index.lookup_paths(
            known, columns[f"split_{side}"], columns[f"index_{side}"]
        )
    write_csv(job.output.table, columns)
    write_json(
        job.output.summary, {"duplicate_threshold": threshold, "list_threshold": duplicates.MIN_SIMILARITY}
    )
