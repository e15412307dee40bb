"""Limits that depend on the number of training images, and paths in the configuration."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cifarbench.config.experiments import Experiments
from cifarbench.config.validation import check_experiments
from cifarbench.errors import UserError

CONFIG = yaml.safe_load((Path(__file__).parents[3] / "config/config.yaml").read_text())
# 26 images of 2 classes; one epoch of a network is enough.
IMAGE_FOLDER = {
    "type": "image_folder",
    "archive": "pics",
    "n_train": 26,
    "n_test": 12,
    "n_classes": 2,
    "image_shape": [3, 12, 12],
}
NETWORK = CONFIG["models"]["mlp_batchnorm_dropout"]


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        check_experiments(config)
    return str(caught.value)


def small(tmp_path: Path, excluded: int = 0, **changes: Any) -> dict[str, Any]:
    config = copy.deepcopy(CONFIG) | {"dataset": "pics", "compare": ["knn_raw"]}
    config["datasets"] = {"pics": IMAGE_FOLDER}
    config["features"]["pca"]["n_components"] = 2
    config["models"] |= {"knn_raw": {"family": "knn", "n_neighbors": 1}, "net": NETWORK | {"batch_size": 8}}
    if excluded:
        path = tmp_path / "out.csv"
        path.write_text(
            "split,index\n" + "".join(f"train,{index}\n" for index in range(excluded)) + "test,3\n"
        )
        config["exclude"] = str(path)
    return config | changes


def test_excluded_images_are_not_counted(tmp_path):
    config = small(tmp_path, excluded=1, compare=["net"])
    assert "models.net.batch_size is 8; it leaves a batch of one image" in refusal(config)
    assert check_experiments(small(tmp_path, excluded=2, compare=["net"]))["pics"].n_train == 24
    config = small(tmp_path, excluded=1)
    config["models"]["knn_raw"]["n_neighbors"] = 26
    assert "n_neighbors is 26; it must be at most 25" in refusal(config)
    config = small(tmp_path, excluded=1, compare=["knn_pca"])
    config["features"]["pca"]["n_components"] = 26
    assert "n_components is 26; it must be at most 25" in refusal(config)
    assert "which leaves 1 of 26 training images" in refusal(small(tmp_path, excluded=25))
    config = small(tmp_path, excluded=1)
    Path(config["exclude"]).write_text("split,index\n" + "".join(f"test,{index}\n" for index in range(11)))
    assert "which leaves 1 of 12 test images" in refusal(config)


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_other_channel_counts_than_one_and_three_are_refused(tmp_path, channels):
    config = small(tmp_path, datasets={"pics": IMAGE_FOLDER | {"image_shape": [channels, 12, 12]}})
    sentence = (
        f"datasets.pics.image_shape has {channels} channels; images have 1 (grey) or 3 (colours): keep 1 or 3"
    )
    assert sentence in refusal(config)


def test_a_tilde_in_a_path_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics/labels.npy").touch()
    config = small(tmp_path, excluded=2, datasets={"pics": IMAGE_FOLDER | {"archive": "~/pics"}})
    config["suite"] = {"test_sets": {"new": {"dataset": "pics", "type": "cifar10_1", "archive": "~/new"}}}
    config |= {"exclude": "~/out.csv", "robustness": {"cifar10_c_dir": "~/pics"}}
    experiments = Experiments(config, check_files=False)
    assert experiments.datasets["pics"]["archive"] == str(tmp_path / "pics")
    assert experiments.datasets["pics"]["exclude"] == str(tmp_path / "out.csv")
    assert experiments.cifar10_c_dir == str(tmp_path / "pics")
    assert experiments.test_sets["new"]["archive"] == str(tmp_path / "new")


def test_the_home_folder_of_an_unknown_user_cannot_be_read(tmp_path):
    config = small(tmp_path, datasets={"pics": IMAGE_FOLDER | {"archive": "~no_such_user/pics"}})
    with pytest.raises(UserError, match="The archive ~no_such_user/pics can't be read"):
        Experiments(config)


def test_calibration_images_are_not_counted(tmp_path):
    config = small(tmp_path, robustness={"temperature_scaling": True})
    config["models"]["knn_raw"]["n_neighbors"] = 21
    said = refusal(config)
    assert (
        "at most 20, the number of training images, for the 20 that robustness.temperature_scaling leaves"
        in said
    )
    config["models"]["knn_raw"]["n_neighbors"] = 20
    check_experiments(config)


@pytest.mark.parametrize(("batch_size", "fits"), [(16, False), (17, False), (5, False), (7, True)])
def test_a_network_is_checked_in_every_fold(tmp_path, batch_size, fits):
    # 26 images in 3 folds leave 17, 17 and 18; the best parameters are fitted to all 26.
    model = {**NETWORK, "tune": {"folds": 3, "grid": {"batch_size": [batch_size]}}}
    config = small(tmp_path, compare=["tuned"])
    config["models"]["tuned"] = {key: value for key, value in model.items() if key != "batch_size"}
    if fits:
        check_experiments(config)
        return
    assert f"batch_size is {batch_size}; it leaves a batch of one image" in refusal(config)


def test_subset_sizes_count_images_without_the_excluded_ones(tmp_path):
    config = small(tmp_path, excluded=4, suite={"train_sizes": [24, 22, 10]})
    config["models"]["knn_raw"]["n_neighbors"] = 11
    assert "for the first 10 training images of pics" in refusal(config)
    config["models"]["knn_raw"]["n_neighbors"] = 10
    assert check_experiments(config)["pics"].n_train == 22
