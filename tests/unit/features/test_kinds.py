"""What every kind of features says of itself."""

import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cifarbench.features import module_of
from cifarbench.features.kinds import KINDS

SCRIPTS = Path(module_of("pca").__file__).parents[2]


@pytest.mark.parametrize("name", KINDS)
def test_a_module_is_what_its_kind_says(name: str) -> None:
    kind, module = KINDS[name], module_of(name)
    assert kind is module.KIND and kind.name == name
    assert callable(module.transform) and hasattr(module, "fit") == kind.fitted
    assert set(kind.fit_keys or ()) <= set(kind.parameters)
    for parameter in kind.parameters.values():
        Draft202012Validator.check_schema(parameter.schema)
        assert parameter.meaning and parameter.range
        assert parameter.required or Draft202012Validator(parameter.schema).is_valid(parameter.default)


def test_kinds_are_known_without_heavy_imports() -> None:
    code = (
        "import sys, cifarbench.features.kinds as kinds\n"
        "print(*({'torch', 'torchvision', 'timm', 'sklearn', 'skimage', 'scipy', 'skops'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == ""
