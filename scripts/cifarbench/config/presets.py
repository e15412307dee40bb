"""Choose models and their training for images of which only number, classes and shape are known."""

import math
from typing import Any

from cifarbench.planning.model_family import Entry

DEFAULT_PRESET = "standard"
# The models of `compare`.
NO_PRESET = "none"
PRESETS = ("quick", DEFAULT_PRESET, "thorough")
# Minutes for two thousand images of 64 x 64 on two cores.
MINUTES = {"quick": 1, DEFAULT_PRESET: 3, "thorough": 20}
# Training steps of a convolutional network, each with one batch.
STEPS = {"quick": 250, DEFAULT_PRESET: 450, "thorough": 4000}
# Most and fewest passes over the training images.
MAX_EPOCHS = {"quick": 40, DEFAULT_PRESET: 60, "thorough": 200}
MIN_EPOCHS = 3
BATCH_SIZE = 64
MIN_BATCH_SIZE = 4
# Smallest side of images for a convolutional network, in pixels.
MIN_SIDE = 8
# Training images from which networks are trained; early stopping needs some of each class.
MIN_HELD_IN = 40
# Early stopping holds out a tenth of the training images. A perceptron stops after this many epochs without a lower
# loss on them.
PATIENCE = 10
# Metrics to which each class contributes alike, however many images it has.
BALANCED_METRICS = ("balanced_accuracy", "macro_f1")
# Files of the published weights that presets use if they are on this machine, the preferred first.
BACKBONES = {
    "mobilenet_v3_small": "mobilenet_v3_small-047dcff4.pth",
    "efficientnet_b0": "efficientnet_b0_rwightman-7f5810bc.pth",
    "resnet18": "resnet18-f37072fd.pth",
}


def describe_preset(preset: str) -> str:
    """Return a sentence on a preset for the terminal."""
    n = MINUTES[preset]
    return (
        f"Preset {preset}: about {n} minute{'s' if n > 1 else ''} for two thousand small images on two cores; choose "
        f"by preset={'|'.join(PRESETS)}."
    )


def describe_mirroring(models: dict[str, Entry], dataset: Entry) -> str:
    """Return a sentence for the terminal on whether mirrored images are used in training, and why.

    models, dataset: of `preset_models`, and the entry that they were chosen for.
    """
    if any("flip" in entry.get("tune", {}).get("grid", {}) for entry in models.values()):
        return "Mirrored images: cross-validation on the training images decides whether convnet is trained with them."
    if dataset.get("hflip_safe"):
        return "Mirrored images: used in training, since hflip_safe is true."
    reason = "hflip_safe is false" if "hflip_safe" in dataset else "they may show something else"
    remedy = "" if "hflip_safe" in dataset else "; set hflip_safe: true if they show the same"
    return f"Mirrored images: not used in training, since {reason}{remedy}."


def describe_pretrained(preset: str, features: dict[str, Entry]) -> str:
    """Return a sentence for the terminal on pretrained features, which presets do not download."""
    if "pretrained" in features:
        return f"Pretrained features: of {features['pretrained']['backbone']}, whose weights are on this machine."
    if preset == "quick":
        return "Pretrained features: none in this preset."
    return f"Pretrained features: none, since no weights of {', '.join(BACKBONES)} are on this machine."


def _find_backbone(cache: str | None) -> str | None:
    """Return the preferred network whose weights are in the cache, or in that of torch."""
    from cifarbench.data.fetch import cache_dir, hub_folder

    folders = (cache_dir(cache), hub_folder())
    known = (name for name, file in BACKBONES.items() if any((folder / file).is_file() for folder in folders))
    return next(known, None)


def preset_models(preset: str, dataset: Entry, metric: str = "accuracy", cache: str | None = None) -> Entry:
    """Return `compare`, `features` and `models` for a dataset.

    dataset: `n_train`, `n_classes`, `image_shape`, `hflip_safe` if the user has said whether mirrored images show the
    same, and `n_folds` of a cross-validation, whose fits lack the images of a fold. metric: that of the configuration;
    if it counts all classes alike, so does the training. cache: the folder of downloads, if it is not the user's cache
    folder.
    """
    if n_folds := dataset.get("n_folds"):
        dataset = dataset | {"n_train": dataset["n_train"] * (n_folds - 1) // n_folds}
    features = _features(preset, dataset)
    models = {"knn_pixels": _knn(dataset), "knn_pca": _knn(dataset, features="pca")}
    if "patches" in features:
        models["knn_patches"] = _knn(dataset, features="patches", metric="cosine")
        models["linear_patches"] = _ridge("patches")
    models |= _networks(preset, dataset)
    if preset != "quick" and (backbone := _find_backbone(cache)):
        features["pretrained"] = {"type": "pretrained", "backbone": backbone}
        models["knn_pretrained"] = _knn(dataset, features="pretrained", metric="cosine")
        models["linear_pretrained"] = _ridge("pretrained")
    if metric in BALANCED_METRICS:
        for entry in models.values():
            # Ridge regression in closed form has no weights of classes.
            entry |= {"class_weight": "balanced"} if entry["family"] != "estimator" else {}
    return {"compare": list(models), "features": features, "models": models}


def _features(preset: str, dataset: Entry) -> dict[str, Entry]:
    n_train, n_inputs = dataset["n_train"], math.prod(dataset["image_shape"])
    n_components = max(1, min(50, n_train // 4, n_inputs))
    features: dict[str, Entry] = {"pca": {"type": "pca", "n_components": n_components}}
    side = min(dataset["image_shape"][1:])
    if preset != "quick" and side >= 12 and n_train >= 20:
        mirror = dataset.get("hflip_safe", False)
        features["patches"] = {
            "type": "patches",
            "n_patches": 800 if preset == "thorough" else 160,
            "method": "random",
            "power": 0.5,
            **({"mirror": True} if mirror else {}),
        }
    return features


def _ridge(features: str) -> Entry:
    return {
        "family": "estimator",
        "features": features,
        "estimator": "cifarbench.models.estimators.ridge.RidgeClosedForm",
        "batch_size": 1024,
    }


def _knn(dataset: Entry, **params: str) -> Entry:
    return {"family": "knn", "n_neighbors": max(1, min(5, smallest_fold(dataset))), **params}


def smallest_fold(dataset: Entry) -> int:
    """Return how many images of an average class are for training."""
    return dataset["n_train"] // dataset["n_classes"]


def _networks(preset: str, dataset: Entry) -> dict[str, Entry]:
    n_train = dataset["n_train"]
    if n_train < MIN_HELD_IN:
        return {}
    batch_size = _batch_size(n_train)
    mlp = {
        "family": "mlp",
        "hidden_dims": [256, 128],
        "batch_norm": False,
        "dropout": 0.2,
        "optimizer": "AdamW",
        "learning_rate": 0.0005,
        "weight_decay": 0.01,
        "batch_size": batch_size,
        "epochs": MAX_EPOCHS[preset],
        "early_stopping": {"patience": PATIENCE},
    }
    if min(dataset["image_shape"][1:]) < MIN_SIDE:
        return {"mlp": mlp}
    return {"mlp": mlp, "convnet": _convnet(preset, dataset, batch_size)}


def _convnet(preset: str, dataset: Entry, batch_size: int) -> Entry:
    side = min(dataset["image_shape"][1:])
    entry: dict[str, Any] = {
        "family": "convnet",
        "channels": _channels(preset, side),
        "batch_size": batch_size,
        # That of airbench for batches of 256, in proportion.
        "learning_rate": round(0.4 * math.sqrt(batch_size / 256), 3),
        "momentum": 0.85,
        "weight_decay": 0.001,
        "schedule": "triangular",
        "label_smoothing": 0.1,
        "translate": max(0, min(4, side // 16)),
        "precision": "auto",
        "epochs": training_epochs(preset, dataset["n_train"], batch_size),
    }
    if dataset.get("hflip_safe"):
        entry |= {"flip": True, "tta_flip": True}
    elif preset == "thorough" and not {"hflip_safe", "n_folds"} & {*dataset} and smallest_fold(dataset) >= 4:
        # Mirrored only if that is better on the folds.
        entry["tune"] = {"folds": 2, "grid": {"flip": [False, True]}}
    return entry


def training_epochs(preset: str, n_train: int, batch_size: int) -> int:
    """Return the epochs of a training: as many as the preset's steps need, within its bounds."""
    epochs = math.ceil(STEPS[preset] * batch_size / n_train)
    return max(MIN_EPOCHS, min(MAX_EPOCHS[preset], epochs))


def _batch_size(n_train: int) -> int:
    """Return a batch size of at most about 64 and a sixteenth of the images that leaves no batch of one image."""
    size = max(MIN_BATCH_SIZE, min(BATCH_SIZE, n_train // 16))
    # Of all images, of those that early stopping leaves, and of the halves of a cross-validation.
    fit_sizes = (n_train, n_train - n_train // 10, n_train // 2, n_train - n_train // 2)
    candidates = [*range(size, 1, -1), *range(size + 1, n_train + 1)]
    return next((n for n in candidates if all(fit_size % n != 1 for fit_size in fit_sizes)), size)


def _channels(preset: str, side: int) -> list[int]:
    """Return the channels of each block: three blocks of which each halves the image, and fewer for small images."""
    # At least 2 x 2 values remain, so that batch norm can normalise a batch of one image.
    n_blocks = max(1, int(math.log2(max(side - 1, 1))) - 1)
    widths = [32, 64, 128] if preset == "thorough" else [16, 32, 64]
    if preset != "thorough" and side <= 32:
        widths = [32, 64, 64]
    if side > 48:
        # A fourth block, so that what is left of a larger image is as small.
        widths = [*widths, widths[-1]]
    return widths[:n_blocks]
