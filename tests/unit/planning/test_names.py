"""Names of experiments, and folders of their results."""

import copy
from pathlib import Path

import pytest
import yaml

from cifarbench.config.validation import check_experiments
from cifarbench.errors import UserError
from cifarbench.planning.paths import results_root
from cifarbench.planning.variants import deep_merge, per_dataset_configs

CONFIG_FOLDER = Path(__file__).parents[3] / "config"
# Overlays of each make target, and of the extended experiments.
SHIPPED = {
    "study": [],
    "demo": ["digits"],
    "extended": ["extended"],
    "extended on the digits": ["digits", "extended", "extended_digits"],
    "pretrained": ["extended", "pretrained"],
    "suite": ["suite"],
    "bench-million": ["million"],
}


def read_config(*overlays: str) -> dict:
    config: dict = {}
    for name in ("config", *overlays):
        config = deep_merge(config, yaml.safe_load((CONFIG_FOLDER / f"{name}.yaml").read_text()))
    return config


@pytest.mark.parametrize(
    ("name", "folder"), [({}, "results"), ({"name": None}, "results"), ({"name": "wide"}, "results/wide")]
)
def test_results_are_in_the_folder_of_the_name(name, folder):
    assert results_root(name) == folder


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digits", "name is digits, which names a dataset or .*such as digits_experiment"),
        ("suite", "name is suite, which names"),
        ("Wide nets", "name is .Wide nets.; it must be lower-case letters"),
        ("../wide", "name is .../wide.; it must be lower-case letters"),
        ("a" * 61, "name has 61 characters; give at most 60"),
        (5, "name is 5; it must be text or null"),
    ],
)
def test_invalid_names_end_in_one_sentence(name, message):
    with pytest.raises(UserError, match=message) as error:
        check_experiments(copy.deepcopy(read_config()) | {"name": name})
    assert len(str(error.value).splitlines()) == 1


def test_shipped_configurations_have_separate_results():
    folders = [
        f"{results_root(one)}/{dataset}"
        for overlays in SHIPPED.values()
        for dataset, one in per_dataset_configs(read_config(*overlays)).items()
    ]
    assert len(folders) == len(set(folders))
