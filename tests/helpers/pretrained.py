"""Files of random weights in the layouts of published ones."""

from pathlib import Path

import timm
import torch
from safetensors.torch import save_file

HUB_ID = "timm/test_vit.r160_in1k"


def save_vit(path: Path) -> Path:
    """Save a very small vision transformer of timm."""
    torch.manual_seed(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(timm.create_model("test_vit", pretrained=False).state_dict(), path)
    return path


def fill_hub_cache(cache: Path) -> Path:
    """Save the transformer in a cache with the layout of the Hugging Face hub, and return the cache."""
    repository = cache / f"models--{HUB_ID.replace('/', '--')}"
    save_vit(repository / "blobs/4567")
    for name in ("refs", "snapshots/0123"):
        (repository / name).mkdir(parents=True)
    (repository / "snapshots/0123/model.safetensors").symlink_to("../../blobs/4567")
    (repository / "refs/main").write_text("0123")
    return cache
