"""Helpers that change one value of the shipped configuration and return the resulting error message."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cifarbench.config.validation import check_experiments
from cifarbench.errors import UserError

PROJECT = Path(__file__).parents[3]
CONFIG = yaml.safe_load((PROJECT / "config/config.yaml").read_text())


def at(config: Any, path: tuple) -> Any:
    for name in path:
        config = config[name]
    return config


def changed(path: tuple, value: Any) -> dict[str, Any]:
    config = copy.deepcopy(CONFIG)
    at(config, path[:-1])[path[-1]] = value
    return config


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        check_experiments(config)
    return str(caught.value)
