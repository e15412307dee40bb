"""Configurations with `images`: properties detected from the files, and the models of presets."""

import os
from pathlib import Path

import pytest
import yaml
from PIL import Image

from cifarbench.config.experiments import Experiments
from cifarbench.config.own_images import dataset_name
from cifarbench.config.presets import BACKBONES, PRESETS, describe_mirroring, preset_models, training_epochs
from cifarbench.errors import UserError
from cifarbench.planning.experiment import RunId
from helpers.own_images import write_class_folders

TUNED = {"family": "knn", "tune": {"folds": 2, "grid": {"n_neighbors": [1, 2]}}}
CONFIG = Path(__file__).parents[3] / "config/config.yaml"


def configured(monkeypatch, folder, **more):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TORCH_HOME", str(folder / "torch"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    return Experiments(yaml.safe_load(CONFIG.read_text()) | more)


@pytest.fixture
def folder(tmp_path):
    """Write 20 grey images of 16 x 16 for each of 3 classes to `My Digits`."""
    write_class_folders(tmp_path / "My Digits", 20, side=16)
    return tmp_path


def test_counts_and_sizes_are_detected(monkeypatch, folder):
    experiments = configured(monkeypatch, folder, images="My Digits")
    (name, entry) = next(iter(experiments.datasets.items()))
    assert name == "my_digits" and entry["type"] == "images"
    assert [entry[key] for key in ("n_train", "n_test", "n_classes")] == [48, 12, 3]
    assert (entry["image_shape"], entry["resize"]) == ([1, 16, 16], "pad")
    first, second, third, _ = experiments.sentences
    assert first.startswith(
        "my_digits: 60 images in 3 classes (class folders, PNG, 16 x 16, gray), split at random"
    )
    assert second.startswith("Preset standard: about 3 minutes")
    assert third.startswith("Mirrored images: not used in training, since they may show something else")
    assert experiments.models[:3] == ["knn_pixels", "knn_pca", "knn_patches"]


@pytest.mark.parametrize("cache", ["torch/hub/checkpoints", "cache/cifarbench", "downloads"])
def test_presets_use_downloaded_weights(monkeypatch, folder, cache):
    pretrained = ["knn_pretrained", "linear_pretrained"]
    own = (
        {"images": "My Digits", "cache_dir": "downloads"} if cache == "downloads" else {"images": "My Digits"}
    )
    without = configured(monkeypatch, folder, **own)
    assert without.sentences[-1].startswith(
        "Pretrained features: none, since no weights of mobilenet_v3_small, "
    )
    (folder / cache).mkdir(parents=True)
    (folder / cache / BACKBONES["resnet18"]).touch()
    with_weights = configured(monkeypatch, folder, **own)
    assert with_weights.models == [*without.models, *pretrained]
    sentence = "Pretrained features: of resnet18, whose weights are on this machine."
    assert with_weights.sentences[-1] == sentence
    assert not {*configured(monkeypatch, folder, **own, preset="quick").models} & {*pretrained}


def test_detection_is_cached(monkeypatch, folder):
    configured(monkeypatch, folder, images="My Digits")
    (cached,) = (folder / ".snakemake/images").iterdir()
    before = cached.stat().st_mtime_ns
    configured(monkeypatch, folder, images="My Digits", preset="quick")
    assert cached.stat().st_mtime_ns == before
    Image.new("L", (16, 16)).save(folder / "My Digits/one/new.png")
    entry = configured(monkeypatch, folder, images="My Digits").datasets["my_digits"]
    assert entry["n_train"] + entry["n_test"] == 61


def checksum(monkeypatch, folder):
    return configured(monkeypatch, folder, images="My Digits").datasets["my_digits"]["sha256"]


def test_the_checksum_depends_only_on_the_content(monkeypatch, folder):
    first = checksum(monkeypatch, folder)
    path = folder / "My Digits/one/025.png"
    os.utime(path, (1, 1))
    assert checksum(monkeypatch, folder) == first
    path.rename(folder / "My Digits/two/025.png")
    moved = checksum(monkeypatch, folder)
    Image.new("L", (16, 16)).save(folder / "My Digits/two/025.png")
    replaced = checksum(monkeypatch, folder)
    (folder / "My Digits/two/025.png").unlink()
    assert len({first, moved, replaced, checksum(monkeypatch, folder)}) == 4


@pytest.mark.parametrize(
    ("sizes", "more", "shape"),
    [
        ([(100, 100)], {}, [3, 64, 64]),
        ([(640, 480)], {}, [3, 48, 64]),
        ([(20, 10)], {}, [3, 10, 20]),
        ([(100, 100), (200, 100)], {}, [3, 64, 64]),
        ([(30, 20), (20, 30)], {}, [3, 25, 25]),
        ([(100, 100)], {"image_size": 32}, [3, 32, 32]),
    ],
)
def test_the_image_size_is_derived_from_the_files(monkeypatch, tmp_path, sizes, more, shape):
    for name in ("a", "b"):
        (tmp_path / "f" / name).mkdir(parents=True)
        for number, size in enumerate(sizes * 2):
            Image.new("RGB", size).save(tmp_path / f"f/{name}/{number}.png")
    assert configured(monkeypatch, tmp_path, images="f", **more).datasets["f"]["image_shape"] == shape


def test_grey_and_colour_images_together_have_three_channels(monkeypatch, folder):
    Image.new("RGB", (16, 16)).save(folder / "My Digits/one/new.png")
    assert configured(monkeypatch, folder, images="My Digits").datasets["my_digits"]["image_shape"][0] == 3


def test_a_split_file_decides_the_counts(monkeypatch, folder):
    names = write_class_folders(folder / "My Digits", 20, side=16)
    lines = [f"{name},{'test' if number % 2 else 'train'}" for number, name in enumerate(names)]
    (folder / "split.csv").write_text("\n".join(["file,split", *lines]))
    entry = configured(monkeypatch, folder, images="My Digits", split="split.csv").datasets["my_digits"]
    assert (entry["n_train"], entry["n_test"]) == (30, 30) and entry["split_sha256"]


def test_the_expanded_configuration_is_equivalent(monkeypatch, folder):
    first = configured(monkeypatch, folder, images="My Digits")
    again = Experiments(first.config)
    assert again.datasets == first.datasets and again.models == first.models


@pytest.mark.parametrize(
    ("more", "n_folds"),
    [
        ({}, 5),
        ({"preset": "none"}, None),
        ({"robustness": {}}, None),
        ({"suite": {"repeats": {"n_splits": 2}}}, None),
        ({"split": "parts.csv"}, None),
        ({"split": "folds.csv"}, 3),
    ],
)
def test_few_images_per_class_are_cross_validated(monkeypatch, tmp_path, more, n_folds):
    names = write_class_folders(tmp_path / "few", 19, side=16)
    for path, parts in (("parts.csv", ("train", "test")), ("folds.csv", ("fold_1", "fold_2", "fold_3"))):
        lines = [f"{name},{parts[number % len(parts)]}" for number, name in enumerate(names)]
        (tmp_path / path).write_text("\n".join(["file,split", *lines]))
    smaller = {"features": {}, "models": {"one": {"family": "knn", "n_neighbors": 1}}, "compare": ["one"]}
    experiments = configured(monkeypatch, tmp_path, images="few", **smaller | more)
    entry = experiments.datasets["few"]
    assert entry.get("n_folds") == n_folds
    assert (entry["n_train"] == entry["n_test"] == 57) == (n_folds is not None)
    says = f"models are cross-validated on {n_folds} folds"
    assert (says in experiments.sentences[0]) == (n_folds is not None)
    assert Experiments(experiments.config).datasets == experiments.datasets
    run = RunId(experiments.models[0])
    files = experiments.paths["few"].fold_files(run)
    assert len(files) == (0 if n_folds is None else 1 + n_folds)
    if n_folds:
        assert files[0] == f"<results>/splits/folds_of_{n_folds}.npy"
        assert files[1] == f"<results>/models/{run.model}/fold_0_of_{n_folds}/predictions.npz"
        assert experiments.paths["few"].fold_files(run._replace(size=f"/fold_0_of_{n_folds}")) == []


@pytest.mark.parametrize(
    ("more", "key"),
    [({"robustness": {}}, "robustness"), ({"models": {"one": TUNED}}, "models.one.tune")],
)
def test_folds_with_keys_that_need_a_test_set_are_refused(monkeypatch, folder, more, key):
    one = {"family": "knn", "n_neighbors": 1}
    smaller = {"preset": "none", "features": {}, "models": {"one": one}, "compare": ["one"]}
    names = write_class_folders(folder / "My Digits", 20, side=16)
    lines = [f"{name},fold_{number % 2}" for number, name in enumerate(names)]
    (folder / "folds.csv").write_text("\n".join(["file,split", *lines]))
    with pytest.raises(
        UserError, match=f"^{key} needs a test set, but models are cross-validated on 2 folds"
    ):
        configured(monkeypatch, folder, images="My Digits", split="folds.csv", **smaller | more)


def test_compare_selects_models_with_preset_none(monkeypatch, folder):
    smaller = {"features": {}, "models": {"one": {"family": "knn", "n_neighbors": 1}}, "compare": ["one"]}
    assert configured(monkeypatch, folder, images="My Digits", preset="none", **smaller).models == ["one"]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    ("n_train", "shape", "hflip_safe"),
    [
        (4, [1, 8, 8], None),
        (49, [1, 8, 8], True),
        (101, [3, 20, 64], False),
        (2000, [3, 64, 64], None),
        (60000, [1, 28, 28], None),
    ],
)
def test_presets_are_valid_for_all_sizes(monkeypatch, tmp_path, preset, n_train, shape, hflip_safe):
    from cifarbench.config.validation import check_experiments

    monkeypatch.chdir(tmp_path)
    entry = {"type": "images", "archive": "f", "n_train": n_train, "n_test": 10, "n_classes": 2}
    entry |= {"image_shape": shape, "resize": "pad"} | (
        {} if hflip_safe is None else {"hflip_safe": hflip_safe}
    )
    config = yaml.safe_load(CONFIG.read_text()) | {"dataset": "f", "datasets": {"f": entry}}
    for metric in ("accuracy", "balanced_accuracy"):
        (experiment,) = check_experiments(config | preset_models(preset, entry, metric)).values()
        assert "knn_pixels" in experiment.models
        assert ("convnet" in experiment.models) == (n_train > 4)
        weighted = {name for name, model in experiment.config["models"].items() if model.get("class_weight")}
        assert weighted == {
            name for name in experiment.models if metric != "accuracy" and not name.startswith("linear")
        }


@pytest.mark.parametrize(
    ("preset", "hflip_safe", "n_train", "sentence"),
    [
        ("standard", True, 2000, "used in training, since hflip_safe is true"),
        ("thorough", False, 2000, "not used in training, since hflip_safe is false"),
        ("thorough", None, 2000, "cross-validation on the training images decides"),
        ("thorough", None, 6, "not used in training, since they may show something else"),
    ],
)
def test_the_use_of_mirrored_images_is_described(preset, hflip_safe, n_train, sentence):
    entry = {"n_train": n_train, "n_classes": 2, "image_shape": [3, 32, 32]}
    entry |= {} if hflip_safe is None else {"hflip_safe": hflip_safe}
    models = preset_models(preset, entry)["models"]
    assert describe_mirroring(models, entry).startswith(f"Mirrored images: {sentence}")
    assert any(model.get("flip") for model in models.values()) == ("used" in sentence.split()[:1])


def test_the_number_of_epochs_depends_on_the_number_of_images():
    assert training_epochs("standard", 1650, 64) == 18
    assert training_epochs("standard", 100, 5) == 23
    assert training_epochs("standard", 60000, 64) == 3


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Hand Signs", "hand_signs"),
        ("x.tar.gz", "x"),
        ("2024", "images_2024"),
        ("digits", "digits_images"),
        ("класс", "images"),
        ("a" * 100, "a" * 53),
    ],
)
def test_dataset_names_are_derived_from_paths(path, name):
    assert dataset_name(Path("/tmp") / path, {"digits"}) == name


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"images": "gone"}, "images is gone; there is no such file or folder"),
        ({"images": "My Digits", "archive": "x"}, "delete one of them"),
        ({"images": "My Digits", "split": "gone.csv"}, "split is gone.csv; there is no such file"),
        ({"images": "My Digits", "preset": "fast"}, "preset is"),
        ({"images": "My Digits", "group": "("}, "group is '\\('"),
        ({"images": "My Digits", "resize": "zoom"}, "resize is"),
    ],
)
def test_invalid_values_end_in_one_sentence(monkeypatch, folder, more, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        configured(monkeypatch, folder, **more)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["one/1", "one/2", "two/1"], "The class two of f has 1 image; add one"),
        (["one/1", "two/1"], "The class one of f has 1 image; add one"),
        (["one/1", "one/2"], "has the class one only"),
        (["train/one/1", "train/two/1", "test/one/1"], "The class two of f has no test image; add one"),
        (["train/one/1", "test/two/1", "test/one/1"], "The class two of f has no train image; add one"),
        ([f"{'x' * 200}/1", "two/1"], "as the name of a class; expected text of 1 to 100 printable"),
        (["one/1", "one/2", "two/1", "two/2"], None),
    ],
)
def test_classes_that_cannot_be_split_end_in_one_sentence(monkeypatch, tmp_path, names, sentence):
    (tmp_path / "f/empty").mkdir(parents=True)
    for name in names:
        (tmp_path / "f" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (16, 16), len(name)).save(tmp_path / f"f/{name}.png")
    if sentence is None:
        assert configured(monkeypatch, tmp_path, images="f").datasets["f"]["n_classes"] == 2
        return
    with pytest.raises(UserError, match=sentence) as caught:
        configured(monkeypatch, tmp_path, images="f")
    assert "\n" not in str(caught.value)


def test_unusual_names_and_many_classes_are_accepted(monkeypatch, tmp_path):
    names = ["-", "a,b", '"x"', "<b>", "класс", *(f"c{number}" for number in range(200))]
    for name in names:
        (tmp_path / "f" / name).mkdir(parents=True)
        for number in range(2):
            Image.new("L", (16, 16), number).save(tmp_path / f"f/{name}/{number}.png")
    entry = configured(monkeypatch, tmp_path, images="f").datasets["f"]
    assert [entry[key] for key in ("n_classes", "n_train", "n_test")] == [205, 410, 410]
