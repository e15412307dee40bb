"""Consistency of package versions in requirements, conda, pixi, the lock file and other metadata."""

import json
import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from cifarbench.errors import EXTRAS

PROJECT = Path(__file__).parents[3]
# Packages with another name on conda-forge or bioconda.
CONDA_NAMES = {"torch": "pytorch", "snakemake": "snakemake-minimal", "matplotlib": "matplotlib-base"}
# Packages that are not in requirements.txt.
CONDA_ONLY = {"python", "pip", "make"}


def requirements() -> list[Requirement]:
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def pinned() -> dict[str, str]:
    return {entry.name: str(entry.specifier).removeprefix("==") for entry in requirements()}


def conda() -> tuple[dict[str, str], dict[str, str]]:
    """Return the versions in environment.yml from conda's channels, and those from PyPI."""
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text())["dependencies"]
    by_pip = dict(
        entry.split("==", 1) for part in environment if isinstance(part, dict) for entry in part["pip"]
    )
    named = [entry.partition("=") for entry in environment if isinstance(entry, str)]
    by_conda = {name: version for name, _, version in named if name not in CONDA_ONLY}
    return by_conda, by_pip


def project() -> dict:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]


def test_conda_has_the_same_versions():
    by_conda, by_pip = conda()
    expected = {
        CONDA_NAMES.get(name, name): version for name, version in pinned().items() if name not in by_pip
    }
    assert by_conda == expected
    assert by_pip == {name: version for name, version in pinned().items() if name in by_pip}


def test_pixi_has_the_versions_of_conda():
    pixi = tomllib.loads((PROJECT / "pixi.toml").read_text())
    found = {name: text for name, text in pixi["dependencies"].items() if name not in CONDA_ONLY}
    by_conda, by_pip = conda()
    assert found == {name: f"=={version}" for name, version in by_conda.items()}
    assert pixi["pypi-dependencies"] == {name: f"=={version}" for name, version in by_pip.items()}


def test_the_package_and_its_extras_need_the_same_versions():
    extras = project()["optional-dependencies"]
    needed = [*project()["dependencies"], *(entry for part in extras.values() for entry in part)]
    assert sorted(map(str, map(Requirement, needed))) == sorted(map(str, requirements()))


def test_optional_packages_are_in_their_extra():
    extras = project()["optional-dependencies"]
    for module, extra in EXTRAS.items():
        assert module in [entry.partition("==")[0] for entry in extras[extra]]


def test_the_lock_file_has_all_packages_with_hashes():
    text = (PROJECT / "requirements.lock").read_text()
    entries = re.findall(
        r"^([\w.-]+)==([^\s;]+)[^\n]*\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", text, re.MULTILINE
    )
    assert len(entries) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE))
    locked = {(name, version) for name, version, _ in entries}
    assert locked >= set(pinned().items())


def python_versions() -> list[str]:
    return [text.rpartition(" ")[2] for text in project()["classifiers"] if "Python :: 3." in text]


@pytest.mark.parametrize("version", python_versions())
def test_all_packages_can_be_installed_in_every_version_of_python(version):
    markers = ({}, {"python_version": version})
    for entry in requirements():
        # Check only requirements that apply to this version and are installed here.
        if entry.marker is None or all(entry.marker.evaluate(values) for values in markers):
            supported = SpecifierSet(metadata(entry.name).get("Requires-Python", ""))
            assert supported.contains(f"{version}.99"), f"{entry.name} needs Python {supported}"


def test_python_versions_are_consistent():
    """Compare the classifiers, the nightly tests and the minimum version."""
    versions = python_versions()
    nightly = yaml.safe_load((PROJECT / ".github/workflows/nightly.yml").read_text())
    assert nightly["jobs"]["tests"]["strategy"]["matrix"]["python"] == versions
    assert project()["requires-python"] == f">={versions[0]}"


def test_zenodo_and_citation_are_consistent():
    zenodo = json.loads((PROJECT / ".zenodo.json").read_text())
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    assert [author["name"] for author in citation["authors"]] == [
        creator["name"] for creator in zenodo["creators"]
    ]
    assert (zenodo["title"], zenodo["license"]) == (citation["title"], citation["license"])
    assert zenodo["license"] == project()["license"]
    # Zenodo takes the version from the release.
    assert "version" not in zenodo


def test_the_container_has_the_python_version_of_conda():
    (image,) = re.findall(r"^FROM python:(\S+)-slim$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    assert f"python={image}" in yaml.safe_load((PROJECT / "environment.yml").read_text())["dependencies"]
