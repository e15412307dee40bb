"""environment.yml and requirements.txt name the same versions."""

from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[3]
# What conda-forge and bioconda call a package differently.
CONDA_NAMES = {"torch": "pytorch", "snakemake": "snakemake-minimal", "matplotlib": "matplotlib-base"}
# No packages of requirements.txt.
CONDA_ONLY = {"python", "pip", "make"}


def pinned() -> dict[str, str]:
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    lines = [line.split("#")[0].strip() for line in lines]
    return dict(line.split("==", 1) for line in lines if line)


def test_conda_gives_the_same_versions():
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text())["dependencies"]
    by_pip = dict(
        entry.split("==", 1) for part in environment if isinstance(part, dict) for entry in part["pip"]
    )
    named = [entry.partition("=") for entry in environment if isinstance(entry, str)]
    by_conda = {name: version for name, _, version in named if name not in CONDA_ONLY}
    expected = {
        CONDA_NAMES.get(name, name): version for name, version in pinned().items() if name not in by_pip
    }
    assert by_conda == expected
    assert by_pip == {name: version for name, version in pinned().items() if name in by_pip}
