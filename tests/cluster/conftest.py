"""A Slurm for these tests, and the results that every run has to give."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm import Slurm, why_not
from study import Study


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A running Slurm with one node, two partitions and two made-up GPUs."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    cluster = Slurm(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The results of a run on this machine alone."""
    study = Study(tmp_path_factory.mktemp("local"))
    study.run("--cores", "2")
    return study.results()


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A fresh copy of the tiny study."""
    return Study(tmp_path / "study")
