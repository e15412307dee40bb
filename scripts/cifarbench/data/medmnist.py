"""Read an .npz as MedMNIST publishes its datasets: `train_images`, `train_labels`, `val_…`, `test_…`."""

import zipfile
from pathlib import Path

import numpy as np

from cifarbench.data.image_dataset import DatasetSpec, ImageDataset, validate_class_names, validate_labels
from cifarbench.data.printable import escape_ascii, list_names, refuse_damaged
from cifarbench.errors import UserError

# Classes of the bundled datasets; the file holds numbers only.
CLASSES = {"textures": ["brick", "grass", "gravel"], "faces": ["face", "something else"]}


def read_medmnist(path: Path, classes: list[str], declared: DatasetSpec) -> ImageDataset:
    """Return the training and test images of an .npz: (N, H, W) or (N, H, W, C) uint8, labels (N,) or (N, 1) integers.

    Validation images are ignored, since models are chosen by cross-validation. classes: names of the classes, which the
    file lacks, in the order of the labels.

    Raises UserError if an array is missing, damaged, or not of the declared type and size; an array of another size is
    not read into memory.
    """
    names = validate_class_names(classes, declared.n_classes, "classes in the configuration")
    channels, height, width = declared.image_shape
    shape = (height, width) if channels == 1 else (height, width, channels)
    arrays: dict[str, np.ndarray] = {}
    with refuse_damaged(path, "download it again, or name another file"), zipfile.ZipFile(path) as file:
        for part, rows in (("train", declared.n_train), ("test", declared.n_test)):
            images = read_member(file, f"{part}_images", [(rows, *shape)], "u")
            labels = read_member(file, f"{part}_labels", [(rows, 1), (rows,)], "iu").reshape(-1)
            images = images if channels == 1 else images.transpose(0, 3, 1, 2)
            arrays[f"{part}_images"] = np.ascontiguousarray(images).reshape(rows, -1)
            arrays[f"{part}_labels"] = validate_labels(labels, rows, declared.n_classes, f"{part}_labels")
    return ImageDataset(**arrays, classes=names, image_shape=declared.image_shape)


def read_member(file: zipfile.ZipFile, name: str, shapes: list[tuple[int, ...]], kinds: str) -> np.ndarray:
    """Return an array of an .npz that has one of these shapes and one of these dtype kinds; `u` alone means uint8.

    Raises UserError otherwise, before its content is read.
    """
    if f"{name}.npy" not in file.namelist():
        names = list_names(member.removesuffix(".npy") for member in file.namelist())
        raise UserError(f"{file.filename} has no {name}; it holds {names}.")
    with file.open(f"{name}.npy") as member:
        try:
            version = np.lib.format.read_magic(member)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, fortran_order, dtype = read[version](member)
        except (ValueError, KeyError) as error:
            raise UserError(
                f"{name} in {file.filename} is not an array ({escape_ascii(error, 100)}); download the file again."
            ) from None
        fits = dtype == np.uint8 if kinds == "u" else dtype.kind in kinds
        if shape not in shapes or not fits:
            expected = "uint8" if kinds == "u" else "integers"
            raise UserError(
                f"{name} in {file.filename} is of {dtype} and shape {shape}; expected {expected} of shape {shapes[0]}."
            )
        content = member.read(int(np.prod(shape)) * dtype.itemsize + 1)
    if len(content) != int(np.prod(shape)) * dtype.itemsize:
        raise UserError(
            f"{name} in {file.filename} has too much or too little content for its shape {shape}; download it again."
        )
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran_order else "C")
