"""Read the archive of any dataset type into the same arrays."""

from pathlib import Path
from typing import Any

from cifarbench.data.cifar import CIFAR10, cifar100, read_cifar
from cifarbench.data.idx import read_idx
from cifarbench.data.image_dataset import DatasetSpec, ImageDataset
from cifarbench.data.image_folder import read_image_folder
from cifarbench.data.imagenet import read_downsampled_imagenet
from cifarbench.data.medmnist import CLASSES, read_medmnist
from cifarbench.data.parquet import read_parquet


def load_dataset(path: Path, entry: dict[str, Any], folder: Path | None = None) -> ImageDataset:
    """Read the archive of a dataset.

    path: a file, or a folder for fashion_mnist, image_folder, parquet and downsampled_imagenet. entry: the dataset's
    entry in the configuration: `type`, `n_train`, `n_test`, `n_classes`, `image_shape`, and the keys of its type.
    folder: for files that are mapped; the system's temporary folder if None.

    Raises UserError if the data is not as the entry declares.
    """
    declared = DatasetSpec.from_config(entry)
    match entry["type"]:
        case "cifar10" | "digits":
            dataset = read_cifar(path, CIFAR10, declared)
        case "cifar100":
            dataset = read_cifar(path, cifar100(entry.get("labels", "fine")), declared)
        case "fashion_mnist":
            dataset = read_idx(path, entry["classes"], declared)
        case "downsampled_imagenet" | "synthetic":
            dataset = read_downsampled_imagenet(path, entry.get("classes"), declared, folder)
        case "textures" | "faces":
            dataset = read_medmnist(path, CLASSES[entry["type"]], declared)
        case "medmnist":
            dataset = read_medmnist(path, entry["classes"], declared)
        case "parquet":
            dataset = read_parquet(path, entry, declared)
        case "image_folder":
            dataset = read_image_folder(path, declared, entry.get("resize", False))
        case unknown:
            raise ValueError(f"no such dataset type: {unknown}")
    return dataset.validate()
