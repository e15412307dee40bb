"""Find images that are odd by themselves, and count the classes."""

import numpy as np

from cifarbench.audit import files
from cifarbench.audit import images as odd_images
from cifarbench.runtime.job import Job, run
from cifarbench.study.blocks import Joined
from cifarbench.study.files import read_json, write_array, write_json
from cifarbench.study.tables import write_table


def main(job: Job) -> None:
    """means: gets the mean training image of each class, (n_classes, D) uint8."""
    about = read_json(job.input.dataset)
    shape = tuple(about["image_shape"])
    images = [np.load(path, mmap_mode="r") for path in (job.input.train_images, job.input.test_images)]
    parts = [np.load(path) for path in (job.input.train_labels, job.input.test_labels)]
    found = odd_images.odd(Joined(*images), np.concatenate(parts), shape, job.threads)
    known = files.names(about)
    rows = []
    for one in found:
        split, index = files.place(np.array(one.place), about)
        rows.append((str(split), int(index), one.reason, round(one.score, 2), None))
    rows += [(split, index, "form", None, form) for split, index, form in files.rare_forms(known, about)]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(odd_images.COLUMNS)}
    columns["file"] = files.of(known, columns["split"], columns["index"])
    write_table(job.output.table, columns)
    count, mean = odd_images.classes(images[0], parts[0], len(about["classes"]))
    write_array(job.output.means, mean)
    of_test = np.bincount(parts[1], minlength=len(count))
    write_json(job.output.summary, {"train": count.tolist(), "test": of_test.tolist()})


if __name__ == "__main__":
    run(main)
