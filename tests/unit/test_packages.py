"""Structure of the packages: docstrings, direction of imports, and names shared with rules, scripts and tests."""

import ast
import re
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LIBRARY = PROJECT / "scripts/cifarbench"
MODEL_PACKAGES = ["knn", "estimators", "networks", "predictions"]
# A package may import itself and those before it. Of the modules outside packages, errors and messages may be imported
# by all, and families, the registry of model types, only by packages after it.
ORDER = [
    "io",
    "planning",
    "runtime",
    "history",
    "data",
    "features",
    "audit",
    "evaluation",
    "robustness",
    "models",
    "plots",
    "report",
    "export",
    "suite",
    "families",
    "config",
    "cli",
]
PACKAGES = [name for name in ORDER if name != "families"]
# Packages with a file of rules, and files of rules without a package.
WITH_RULES = {"data", "features", "audit", "evaluation", "robustness", "plots", "report", "export", "suite"}
OTHER_RULES = {"common", "resources", "variants", "targets", "grid_search"}


def test_no_file_hides_an_installed_package():
    # pytest puts these folders before the installed packages.
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    folders = settings["tool"]["pytest"]["ini_options"]["pythonpath"]
    own = {path.stem for folder in folders for path in (PROJECT / folder).glob("*.py")}
    assert "run_job" in own
    assert own & packages_distributions().keys() == set()


def imported(path: Path) -> set[str]:
    """Return what a file imports of the package: dotted names without the leading `cifarbench.`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {name.removeprefix("cifarbench.") for name in names if name.startswith("cifarbench.")}
    return found


def test_packages_rules_and_tests_share_their_names():
    packages = {path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists()}
    assert packages == set(PACKAGES)
    models = {path.name for path in (LIBRARY / "models").iterdir() if (path / "__init__.py").exists()}
    assert models == set(MODEL_PACKAGES)
    rules = {path.stem for path in (PROJECT / "workflow/rules").glob("*.smk")}
    assert rules == WITH_RULES | set(MODEL_PACKAGES) | OTHER_RULES
    tests = {path.name for path in (PROJECT / "tests/unit").iterdir() if path.is_dir()} - {"__pycache__"}
    assert tests <= packages


@pytest.mark.parametrize("package", [*PACKAGES, *(f"models/{name}" for name in MODEL_PACKAGES)])
def test_packages_have_a_docstring(package):
    docstring = ast.get_docstring(ast.parse((LIBRARY / package / "__init__.py").read_text()))
    assert docstring


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_earlier_packages(package):
    allowed = {"errors", "messages", *ORDER[: ORDER.index(package) + 1]}
    for path in (LIBRARY / package).rglob("*.py"):
        assert {name.split(".")[0] for name in imported(path)} <= allowed, path


@pytest.mark.parametrize("package", MODEL_PACKAGES)
def test_model_types_do_not_import_each_other(package):
    others = tuple(f"models.{name}." for name in MODEL_PACKAGES if name != package)
    for path in (LIBRARY / "models" / package).rglob("*.py"):
        assert not [name for name in imported(path) if name.startswith(others)], path


def test_packages_after_training_do_not_import_model_types():
    types = tuple(f"models.{name}." for name in MODEL_PACKAGES)
    for package in ("evaluation", "plots", "report", "suite", "export"):
        for path in (LIBRARY / package).rglob("*.py"):
            assert not [name for name in imported(path) if name.startswith(types) or name == "families"], path


def test_rules_have_a_script_of_the_same_name():
    rules = {
        name
        for path in (PROJECT / "workflow/rules").glob("*.smk")
        for name in re.findall(r"^(?:rule|use rule \w+ as) (\w+)", path.read_text(), re.MULTILINE)
    }
    assert len(rules) > 30
    assert rules <= {path.stem for path in (PROJECT / "scripts").glob("*.py")}


def test_files_have_at_most_400_lines():
    parts = ("scripts", "workflow", "tests", "benchmarks")
    files = [path for part in parts for path in (PROJECT / part).rglob("*")]
    code = [path for path in files if path.suffix in (".py", ".smk") or path.name == "Snakefile"]
    assert len(code) > 100
    assert {path for path in code if len(path.read_text().splitlines()) > 400} == set()


def test_the_virtual_environment_is_not_committed():
    tracked = subprocess.run(["git", "ls-files", ".venv"], cwd=PROJECT, capture_output=True, text=True)
    assert tracked.stdout == ""
