"""Former keys and values of the configuration, and what replaced them."""

from collections.abc import Iterable
from typing import Any

from cifarbench.messages import dotted_key

# By section: "" is the top level; entries of datasets, features and models are under their section's name.
RENAMED_KEYS = {
    "": {"across": "suite", "cache": "cache_dir"},
    "suite": {"own": "overrides", "sizes": "train_sizes"},
    "suite.repeats": {"seeds": "n_seeds", "splits": "n_splits"},
    "suite.test_sets": {"of": "dataset", "kind": "type"},
    "datasets": {
        "kind": "type",
        "flippable": "hflip_safe",
        "sources": "urls",
        "bytes": "size_bytes",
        "file": "filename",
    },
    "features": {
        "kind": "type",
        "regularization": "epsilon",
        "normalize": "l2_normalize",
        "scale": "standardize",
        "cell_size": "pixels_per_cell",
        "block_size": "cells_per_block",
        "size": "patch_size",
        "pooling": "n_pool",
        "threshold": "soft_threshold",
        "architecture": "backbone",
    },
    "models": {
        "flips": "flip",
        "shifts": "translate",
        "test_flips": "tta_flip",
        "widths": "channels",
        "search": "ann",
        "lists": "nlist",
        "effort": "nprobe",
    },
    "training": {"checkpoint_seconds": "checkpoint_interval_seconds"},
    "robustness": {"official": "cifar10_c_dir", "temperature": "temperature_scaling"},
    "figures": {"n_pictures": "n_images", "right_color": "correct_color", "wrong_color": "error_color"},
}
REMOVED_KEYS = {"shards": "more nodes did not make a search faster"}
# Values of features.<name>.type.
RENAMED_TYPES = {"whitened": "whitening"}


def describe_former_key(path: list[Any], name: Any, known: Iterable[str]) -> str | None:
    """Return a sentence with the new name of a key at `path`; None if the key never existed there.

    known: the keys that are valid there now; a former name of another entry's key does not count.
    """
    key = dotted_key([*path, name])
    if not path and name in REMOVED_KEYS:
        return f"{key} has been removed, since {REMOVED_KEYS[name]}; delete it."
    # A grid or space holds keys of the model and of its features.
    sections = [".".join(map(str, path[:2])), *map(str, path[:1]), *(["features"] if "tune" in path else [])]
    for section in sections:
        new_name = RENAMED_KEYS.get(section, {}).get(name)
        if new_name and new_name in known:
            return f"{key} is now called {new_name}; write {dotted_key([*path, new_name])} instead."
    return None
