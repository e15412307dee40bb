"""Complete a configuration whose images are the user's own: detect sizes and classes, and choose models by a preset.

Detection lists files and reads some headers. It is cached in `.snakemake/images`, by the names, sizes and times of the
files.
"""

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from cifarbench.config.presets import (
    DEFAULT_PRESET,
    NO_PRESET,
    describe_mirroring,
    describe_preset,
    describe_pretrained,
    preset_models,
)
from cifarbench.data.printable import escape_ascii
from cifarbench.data.provenance import check_archive, expand_home
from cifarbench.errors import UserError
from cifarbench.io.atomic import read_json, sha256_file, write_json
from cifarbench.planning.model_family import Entry

TYPE = "images"
# Keys of the run that belong to the images; those of its entry under `datasets` have the same names.
IMAGE_KEYS = ("split", "group", "image_size", "resize", "hflip_safe")
# How images of another aspect ratio are resized unless `resize` is set: with black borders.
PAD = "pad"
CACHE = Path(".snakemake/images")
# Longest side of an image unless `image_size` is set, in pixels.
MAX_SIZE = 64
# Images whose headers are read to choose the size, at even distances in the list of all.
N_HEADERS = 500
# Aspect ratios that differ by less are the same.
ASPECT_TOLERANCE = 0.02
# Pillow's modes of grey images of 8 bits or less; those of more begin with I or F.
GRAY_MODES = ("1", "L", "LA", "La")
MAX_NAME = 60
# Modules whose code decides what is detected.
MODULES = ("image_sources.py", "image_arrays.py", "image_file.py", "containers.py", "group_split.py")


def has_own_images(config: Entry) -> bool:
    """Return whether a configuration has keys or datasets that `expand_images` completes."""
    keys = ("images", "preset", *IMAGE_KEYS)
    types = [
        entry.get("type") for entry in (config.get("datasets") or {}).values() if isinstance(entry, dict)
    ]
    return TYPE in types or any(config.get(key) is not None for key in keys)


def expand_images(config: Entry) -> tuple[Entry, list[str]]:
    """Return a configuration whose datasets of the type `images` have their sizes, and a sentence on each of them.

    With the key `images`, the dataset of the run is that file or folder, and the models are those of `preset`. All keys
    that the function resolves are dropped. Raises UserError if there are no images, or if they have less than two
    classes.
    """
    if config.get("images"):
        config = _with_entry(config)
    used = (config.get("suite") or {}).get("datasets", [config["dataset"]])
    sentences = []
    preset = config.get("preset") or (DEFAULT_PRESET if config.get("images") else NO_PRESET)
    # What needs a test set of its own, or compares datasets, has one.
    cross_validated = preset != NO_PRESET and not config.get("suite") and config.get("robustness") is None
    for name in used:
        entry = config["datasets"].get(name)
        if not entry or entry["type"] != TYPE:
            continue
        entry = {key: value for key, value in entry.items() if value is not None}
        found = detect(entry)
        found.refuse_empty_classes(entry["archive"])
        entry = entry | found.sizes(entry, cross_validated)
        config = config | {"datasets": config["datasets"] | {name: entry}}
        sentences.append(found.describe(name, entry))
    entry = config["datasets"].get(config["dataset"])
    if preset != NO_PRESET and entry:
        config = config | preset_models(
            preset, entry, config.get("metric") or "accuracy", config.get("cache_dir")
        )
        sentences += [
            describe_preset(preset),
            describe_mirroring(config["models"], entry),
            describe_pretrained(preset, config["features"]),
        ]
    return {
        key: value for key, value in config.items() if key not in ("images", "preset", *IMAGE_KEYS)
    }, sentences


def _with_entry(config: Entry) -> Entry:
    """Return a configuration with the entry of the images that its key `images` names."""
    path = expand_home(config["images"])
    if config.get("archive"):
        raise UserError(
            f"images is {path} and archive is {config['archive']}; they name the data of the run: delete one of them."
        )
    official = _official_type(path)
    if official:
        return config | {
            "dataset": official,
            "archive": str(path),
            "preset": config.get("preset") or NO_PRESET,
        }
    name = config["dataset"]
    known = config["datasets"].get(name)
    if known and known["type"] != TYPE:
        name = dataset_name(path, set(config["datasets"]))
    more = {key: config[key] for key in IMAGE_KEYS if config.get(key) is not None}
    entry = config["datasets"].get(name, {}) | {"type": TYPE, "archive": str(path)} | more
    return config | {"dataset": name, "datasets": config["datasets"] | {name: entry}}


def dataset_name(path: Path, taken: set[str]) -> str:
    """Return the name of a dataset by that of its file or folder: small letters, digits and underscores."""
    stem = re.sub(r"(\.(tar|gz|tgz|zip|npz|csv|tsv|parquet|bz2|xz))+$", "", path.resolve().name.lower())
    name = re.sub(r"[^a-z0-9]+", "_", stem).strip("_")[: MAX_NAME - len("_images")]
    if not name or not name[0].isalpha():
        name = f"images_{name}".rstrip("_")
    return f"{name}_images" if name in taken | {"suite"} else name


def _official_type(path: Path) -> str | None:
    """Return the dataset whose published archive a file is, by its name's beginning."""
    if not (path.is_file() and path.name.endswith((".tar.gz", ".tgz"))):
        return None
    names = {"cifar-10-": "cifar10", "cifar-100-": "cifar100"}
    return next((name for prefix, name in names.items() if path.name.startswith(prefix)), None)


@dataclass(frozen=True)
class Detected:
    """What was found in a source of images.

    content: `sha256`, `layout`, `classes`, `counts` (images by class of train, test and those to divide), `sizes`
    (median width and height, whether all have one size, one aspect ratio), `channels`, `formats`, `notes`, `prefixes`.
    """

    content: dict[str, Any]

    def refuse_empty_classes(self, archive: str) -> None:
        """Raise UserError if a class can't have both training and test images."""
        counts = self.content["counts"]
        for name in self.content["classes"]:
            if "" in counts and counts[""].get(name, 0) < 2:
                problem = "has 1 image; add one, since one is for training and one for testing,"
            elif "train" in counts and any(not counts.get(part, {}).get(name) for part in ("train", "test")):
                part = "train" if not counts.get("train", {}).get(name) else "test"
                problem = f"has no {part} image; add one,"
            else:
                continue
            raise UserError(f"The class {escape_ascii(name)} of {archive} {problem} or remove the class.")

    def sizes(self, entry: Entry, cross_validated: bool = False) -> Entry:
        """Return the keys of an entry that follow: numbers of images and classes, shape, resizing, checksum, folds.

        cross_validated: whether models are cross-validated if there are too few images for a test set.
        """
        from cifarbench.data.group_split import FOLD, n_folds_of, n_test_images

        counts = self.content["counts"]
        undivided = counts.get("", {})
        n_images = sum(sum(part.values()) for part in counts.values())
        n_test = sum(map(n_test_images, undivided.values())) + sum(counts.get("test", {}).values())
        n_folds = sum(FOLD.fullmatch(name) is not None for name in counts)
        if undivided:
            n_folds = entry.get("n_folds") or (n_folds_of(undivided.values()) if cross_validated else 0)
        return {
            "n_train": n_images if n_folds else n_images - n_test,
            "n_test": n_images if n_folds else n_test,
            **({"n_folds": n_folds} if n_folds else {}),
            "n_classes": len(self.content["classes"]),
            "image_shape": self.image_shape(entry.get("image_size")),
            "resize": entry.get("resize") or PAD,
            "sha256": self.content["sha256"],
        }

    def image_shape(self, image_size: int | None) -> list[int]:
        """Return channels, height and width.

        The longer side is `image_size`, else the median longer side, at most 64. The aspect ratio is kept if all images
        have the same; otherwise images are square.
        """
        sizes, channels = self.content["sizes"], self.content["channels"]
        longest = image_size or min(MAX_SIZE, round(max(sizes["width"], sizes["height"])))
        if not sizes["same_aspect"]:
            return [channels, longest, longest]
        scale = longest / max(sizes["width"], sizes["height"])
        return [channels, *(max(1, round(scale * sizes[side])) for side in ("height", "width"))]

    def describe(self, name: str, entry: Entry) -> str:
        """Return a sentence on the images for the terminal."""
        content, sizes = self.content, self.content["sizes"]
        n_images = sum(sum(part.values()) for part in content["counts"].values())
        formats = " and ".join(sorted(content["formats"], key=content["formats"].get, reverse=True)[:3])
        side = f"{round(sizes['width'])} x {round(sizes['height'])}"
        side = side if sizes["same_size"] else f"of different sizes, median {side}"
        color = "color" if content["channels"] == 3 else "gray"
        _, height, width = entry["image_shape"]
        is_resized = not sizes["same_size"] or [height, width] != [sizes["height"], sizes["width"]]
        how = "" if sizes["same_aspect"] else f" ({entry['resize']})"
        resized = f", resized to {width} x {height}{how}" if is_resized else ""
        split = (
            "split by the file in split"
            if entry.get("split")
            else "split at random"
            if "" in content["counts"]
            else "split as given"
        )
        divided = f"about {entry['n_train']:,} for training and {entry['n_test']:,} for testing"
        if n_folds := entry.get("n_folds"):
            divided = f"models are cross-validated on {n_folds} folds"
            split = "few images per class" if split == "split at random" else split
        return (
            f"{name}: {n_images:,} images in {len(content['classes'])} classes ({content['layout']}, {formats}, "
            f"{side}, {color}{resized}), {split}: {divided}."
        )


def detect(entry: Entry) -> Detected:
    """Return what the images of an entry are; listed and read again only if a file has changed.

    entry: `archive`, `split`, `group`. Raises UserError if there are no images with labels.
    """
    from cifarbench.data import containers

    path = expand_home(entry["archive"])
    split = expand_home(entry["split"]) if entry.get("split") else None
    if not path.exists():
        raise UserError(f"images is {path}; there is no such file or folder: name an existing one.")
    files = [path.parent if path.suffix.lower() in (".csv", ".tsv") else path, *([split] if split else [])]
    for file in files:
        if not file.exists():
            raise UserError(f"split is {file}; there is no such file: name an existing one.")
    signatures = [containers.signature(file) for file in files]
    code = [*(Path(__file__).parents[1] / "data" / name for name in MODULES), Path(__file__)]
    checksums = [sha256_file(file) for file in code]
    key = json.dumps([str(path.resolve()), signatures, entry.get("group"), bool(split), checksums])
    cached = CACHE / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    if cached.is_file():
        return Detected(read_json(cached))
    content = _look(path, entry.get("group"), split)
    write_json(cached, content)
    return Detected(content)


def _look(path: Path, group: str | None, split: Path | None) -> dict[str, Any]:
    from cifarbench.data.group_split import groups_of_names, read_split
    from cifarbench.data.image_sources import find_images, order_classes

    source = find_images(path, group)
    records = read_split(split, source.records) if split else source.records
    if group and not any(record.group for record in records):
        groups_of_names([record.name for record in records], group)
    counts: dict[str, Counter[str]] = {}
    for record in records:
        counts.setdefault(record.split, Counter())[record.label] += 1
    return {
        "sha256": check_archive(path),
        "layout": source.layout,
        "classes": order_classes(records, source.classes),
        "counts": {split: dict(count) for split, count in counts.items()},
        "notes": source.notes,
        **_headers(source, [record.name for record in records]),
    }


def _headers(source: Any, names: list[str]) -> dict[str, Any]:
    """Return sizes, channels and formats by the headers of some images."""
    sample = names[:: -(-len(names) // N_HEADERS)]
    shapes, modes = [], set()
    formats: Counter[str] = Counter()
    for _, load in source.load(sample):
        try:
            kind, mode, width, height = _header(load())
        except (UserError, OSError, ValueError, RuntimeError):
            continue
        shapes.append((width, height))
        modes.add(mode)
        formats[kind] += 1
    if not shapes:
        raise UserError(
            f"{source.path} has no image that can be read; the first is {sample[0]}: check the files."
        )
    widths, heights = zip(*shapes, strict=True)
    middle = median(widths) / median(heights)
    return {
        "sizes": {
            "width": median(widths),
            "height": median(heights),
            "same_size": len(set(shapes)) == 1,
            "same_aspect": all(
                abs(width / height / middle - 1) < ASPECT_TOLERANCE for width, height in shapes
            ),
        },
        "channels": 1 if all(mode in GRAY_MODES or mode.startswith(("I", "F")) for mode in modes) else 3,
        "formats": dict(formats),
    }


def _header(content: Any) -> tuple[str, str, int, int]:
    from cifarbench.data.image_file import read_header

    if hasattr(content, "ndim"):
        return "arrays", "L" if content.ndim == 2 else "RGB", content.shape[1], content.shape[0]
    return read_header(content)
