"""Write the test images without labels, for predictions that are made elsewhere."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from cifarbench.errors import UserError
from cifarbench.io.atomic import read_json, save_npz, sha256_file, write_text
from cifarbench.io.csv_io import write_csv

RULES = """\
# {dataset}: predict the classes of {n} images

- The images are `images/00000.png` to `images/{last:05}.png`, and the same in `test_images.npz` as `images`: {shape}
  uint8. The sha256 of `test_images.npz` is `{sha256}`.
- Classes, by number: {classes}.
- Hand in one file with the name of your submission: a CSV as `template.csv`, with one row per image, its `index` and
  `label`, a class name or number; or a CSV with `index` and one column of probabilities per class; or an .npz with
  `y_pred` (N,), `proba` (N, {n_classes}), or both.
- The {n_train} labelled training images are not part of this folder. Do not train on the test images.
"""


def main(results: Path, out: str = "") -> None:
    """Write images, a template and a page of rules.

    results: the dataset's folder. out: for these files; <results>/test_set unless given. Files in it are replaced.
    """
    data, folder = results / "data", Path(out) if out else results / "test_set"
    if not (data / "dataset.json").is_file():
        raise UserError(f"{data} has no dataset.json; run the experiment first.")
    dataset = read_json(data / "dataset.json")
    if "folds" in dataset:
        raise UserError(
            f"{data} has no test images, since models are cross-validated; divide the images by split."
        )
    channels, height, width = dataset["image_shape"]
    pixels = np.load(data / "test_images.npy", mmap_mode="r")
    images = pixels.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    images = images[..., 0] if channels == 1 else images
    shutil.rmtree(folder / "images", ignore_errors=True)
    (folder / "images").mkdir(parents=True)
    for index, image in enumerate(images):
        Image.fromarray(image).save(folder / f"images/{index:05}.png")
    save_npz(folder / "test_images.npz", images=images)
    write_csv(folder / "template.csv", {"index": [*range(len(images))], "label": [""] * len(images)})
    rules = RULES.format(
        dataset=dataset["dataset"],
        n=len(images),
        last=len(images) - 1,
        shape=images.shape,
        sha256=sha256_file(folder / "test_images.npz"),
        classes=", ".join(f"{number} {name}" for number, name in enumerate(dataset["classes"])),
        n_classes=len(dataset["classes"]),
        n_train=dataset["n_train"],
    )
    write_text(folder / "README.md", rules)
    print(f"{folder} has {len(images)} test images without labels, template.csv and README.md.")
