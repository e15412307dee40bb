"""Features of a pretrained network: the inputs of its last layer."""

from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np

from cifarbench.data.provenance import expand_home
from cifarbench.errors import UserError
from cifarbench.features.fit_inputs import State
from cifarbench.io.atomic import read_json
from cifarbench.messages import format_error
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ImageShape, read_parameters

# Pixels of the images of a batch: 64 images of 96 x 96.
BATCH_PIXELS = 64 * 96 * 96


def _check_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    yield from data.mirror_errors(key, entry, "mirror")
    if data.image_shape[0] not in (1, 3):
        yield (
            f"{key}.type is pretrained; images have {data.image_shape[0]} channels, but such networks take 1 or 3: "
            "choose another type."
        )


def _check_build(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    black = np.zeros((1, prod(data.image_shape)), np.uint8)
    try:
        # Published weights are downloaded after the check, which takes random ones.
        transform(black, {}, entry, data.image_shape)
    except UserError as error:
        yield f"{key}.{error}"
    except Exception as error:
        # Any exception of the network: some take images of one size only.
        yield (
            f"{key}.image_size is {entry.get('image_size') or 'unset'}; {entry['backbone']} fails on such images "
            f"({format_error(error).rstrip('.')}): choose the size that it was trained on."
        )


def _source_file(entry: Entry) -> str | None:
    return str(expand_home(entry["weights"])) if entry.get("weights") else None


FEATURE_TYPE = FeatureType(
    "pretrained",
    read_parameters("pretrained", "mirrored"),
    is_fitted=False,
    from_pixels=True,
    pretrained=True,
    source_file=_source_file,
    backbone=lambda entry: None if entry.get("weights") else entry.get("backbone"),
    check_data=_check_data,
    check_build=_check_build,
)


def with_published_weights(params: Entry, receipts: Path) -> Entry:
    """Return the parameters with the file and the transform of published weights, unless they name a file.

    receipts: the folder of the receipts that `download_weights` writes.
    """
    if params["weights"]:
        return params
    path = receipts / f"{params['backbone']}.json"
    if not path.is_file():
        raise UserError(f"{path} does not exist; run the experiment again to create it.")
    receipt = read_json(path)
    return params | {"weights": receipt["path"], "transform": receipt["transform"]}


def transform(block: np.ndarray, state: State, params: Entry, image_shape: ImageShape) -> np.ndarray:
    """Return the inputs of the network's last layer: (n, inputs) float32. It runs on a GPU if there is one."""
    import torch

    from cifarbench.features.pretrained_network import PretrainedEncoder

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    encoder = PretrainedEncoder(params, image_shape).to(device)
    with torch.inference_mode():
        batches = torch.tensor(block).split(max(1, BATCH_PIXELS // prod(encoder.image_size)))
        return torch.cat([encoder(pixels.to(device)).cpu() for pixels in batches]).numpy()
