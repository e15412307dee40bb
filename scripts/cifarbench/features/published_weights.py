"""Find and download the published weights of a backbone: those of torchvision, or those of timm on its hub."""

import contextlib
import re
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cifarbench.data.download import DownloadError, RetryPolicy, hostname, read_headers
from cifarbench.data.fetch import RemoteFile, fetch_file, hub_folder
from cifarbench.errors import UserError
from cifarbench.features.pretrained_network import resolve_backbone
from cifarbench.io.atomic import sha256_file

HUB_FILE = "model.safetensors"


@dataclass(frozen=True)
class PublishedWeights:
    """A published file of weights.

    name: the network and the weights, such as `torchvision.resnet18.IMAGENET1K_V1`.
    filename: the file's name in the cache.
    sha256: the beginning of its checksum; empty if only the server knows it.
    license: the licence, as the package names it.
    transform: `image_size`, `interpolation`, `mean` and `std` of the images that it was trained for.
    hub_id: the repository on the Hugging Face hub; None for torchvision's.
    """

    name: str
    filename: str
    url: str
    sha256: str
    license: str
    transform: dict[str, Any]
    hub_id: str | None = None

    @cached_property
    def shared_file(self) -> Path | None:
        """The file in the cache of torch or of the Hugging Face hub; None if it is in neither."""
        if self.hub_id:
            from huggingface_hub import try_to_load_from_cache

            found = try_to_load_from_cache(self.hub_id, HUB_FILE)
            return Path(found) if isinstance(found, str) else None
        path = hub_folder() / self.filename
        return path if path.is_file() else None

    def find(self, cache: Path) -> Path | None:
        """Return a file of these weights on this machine with the right checksum; None if there is none."""
        for path in (self.shared_file, cache / self.filename):
            if path and path.is_file() and sha256_file(path).startswith(self.sha256):
                return path
        return None

    def fetch(self, cache: Path, limits: RetryPolicy | None = None) -> dict[str, Any]:
        """Return a receipt: this object's values, and `path` and `sha256` of the file, downloaded if it is missing.

        Raises UserError, which says what to copy where, if the file can't be downloaded.
        """
        path = self.find(cache)
        if not path:
            by_hand = f"download {self.url} on another machine, and copy it to {cache / self.filename}"
            try:
                size, sha256 = self._size_and_checksum(limits or RetryPolicy())
            except DownloadError as error:
                raise UserError(
                    f"{self.name} could not be downloaded ({hostname(self.url)} {error}): {by_hand}."
                ) from None
            remote = RemoteFile(self.filename, size, sha256, (self.url,), by_hand)
            path, _ = fetch_file(remote, cache, limits)
        # A cache's link has the suffix, which its target may lack.
        return asdict(self) | {"path": str(path.absolute()), "sha256": sha256_file(path)}

    def _size_and_checksum(self, limits: RetryPolicy) -> tuple[int, str]:
        headers = read_headers(self.url, limits)
        # The hub's server sends the checksum of large files.
        sha256 = self.sha256 or headers.get("X-Linked-Etag", "").strip('"')
        size = headers.get("X-Linked-Size") or headers.get("Content-Length", "")
        if not size.isdecimal() or not re.fullmatch("[0-9a-f]{8,64}", sha256):
            raise DownloadError("sends no size or no checksum")
        return int(size), sha256

    def describe(self, cache: Path) -> str:
        """Return a sentence on where the weights are or come from, and their licence."""
        size = ""
        if found := self.find(cache):
            source = f"are in {found}"
        else:
            with contextlib.suppress(DownloadError):
                size = f", {self._size_and_checksum(RetryPolicy(connect_seconds=3))[0] / 1e6:.0f} MB,"
            source = f"will be downloaded from {hostname(self.url)} into {cache}"
        return f"The weights of {self.name}{size} {source}; licence: {self.license}."


def find_weights(backbone: str) -> PublishedWeights:
    """Return the published weights of a backbone; the package's default if it names none.

    Raises UserError if there is no such network, or if it has no such weights.
    """
    library, architecture, tag = resolve_backbone(backbone)
    return (_timm_weights if library == "timm" else _torchvision_weights)(backbone, architecture, tag)


def _torchvision_weights(backbone: str, architecture: str, tag: str) -> PublishedWeights:
    from torchvision import models

    enumeration = models.get_model_weights(architecture)
    known = [weights.name for weights in enumeration]
    if not known or tag not in ("", *known):
        raise _no_weights(backbone, known)
    weights = enumeration[tag or "DEFAULT"]
    filename = weights.url.rpartition("/")[2]
    transform = weights.transforms()
    checksum = re.search(r"-([0-9a-f]{8,})\.pth$", filename)
    return PublishedWeights(
        f"torchvision.{architecture}.{weights.name}",
        filename,
        weights.url,
        checksum[1] if checksum else "",
        weights.meta.get("license", "BSD-3-Clause, and terms of the images that it was trained on"),
        {
            "image_size": transform.crop_size[0],
            "interpolation": transform.interpolation.value,
            "mean": list(transform.mean),
            "std": list(transform.std),
        },
    )


def _timm_weights(backbone: str, architecture: str, tag: str) -> PublishedWeights:
    import timm
    from huggingface_hub import hf_hub_url

    known = [name.partition(".")[2] for name in timm.list_pretrained(f"{architecture}.*")]
    if not known or tag not in ("", *known):
        raise _no_weights(backbone, known)
    config = timm.get_pretrained_cfg(f"{architecture}.{tag}" if tag else architecture)
    if not config or not config.hf_hub_id:
        raise _no_weights(backbone, [other for other in known if not config or other != config.tag])
    name = f"{architecture}.{config.tag}"
    return PublishedWeights(
        f"timm.{name}",
        f"{name}.safetensors",
        hf_hub_url(config.hf_hub_id, HUB_FILE),
        "",
        config.license or "unknown",
        {
            "image_size": config.input_size[-1],
            # Some were trained with several.
            "interpolation": "bilinear" if config.interpolation == "bilinear" else "bicubic",
            "mean": list(config.mean),
            "std": list(config.std),
        },
        config.hf_hub_id,
    )


def _no_weights(backbone: str, known: list[str]) -> UserError:
    hint = f"name one of {', '.join(known)} after its name, or" if known else "choose another, or"
    return UserError(f"backbone is {backbone}; no such weights are published: {hint} name a file as weights.")
