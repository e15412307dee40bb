"""Find labels that are likely wrong, by predictions of models that have not seen them."""

import numpy as np
from threadpoolctl import threadpool_limits

from cifarbench.audit import files, labels
from cifarbench.audit.images import shows_nothing
from cifarbench.audit.predictions import out_of_fold
from cifarbench.runtime.job import Job, run
from cifarbench.study.blocks import Joined
from cifarbench.study.files import read_json, write_json
from cifarbench.study.tables import write_table


def main(job: Job) -> None:
    """settings: `seed`."""
    about = read_json(job.input.dataset)
    classes, shape = about["classes"], tuple(about["image_shape"])
    images = Joined(
        *(np.load(path, mmap_mode="r") for path in (job.input.train_images, job.input.test_images))
    )
    given = np.concatenate([np.load(path) for path in (job.input.train_labels, job.input.test_labels)])
    with threadpool_limits(job.threads):
        proba = out_of_fold(images, given, len(classes), shape, job.settings["seed"], job.output.table.parent)
        found = labels.doubt(proba, given, shows_nothing(images, shape))
    splits, indices = (values.tolist() for values in files.place(found.place, about))
    write_table(
        job.output.table,
        {
            "split": splits,
            "index": indices,
            "given": [classes[label] for label in given[found.place]],
            "likely": [classes[label] for label in found.likely],
            "score": found.score.round(6).tolist(),
            "file": files.of(files.names(about), splits, indices),
        },
    )
    write_json(job.output.summary, {"accuracy": found.accuracy})


if __name__ == "__main__":
    run(main)
