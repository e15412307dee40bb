"""A Slurm, the expected results of every run, and the runs on Slurm."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from helpers.slurm import Slurm, why_not
from helpers.study import (
    ACROSS,
    CLUSTER_GENERIC,
    CPU_PARTITION,
    NETWORKS,
    PAGE,
    PARTITIONS,
    SLURM,
    Running,
    Study,
    predictions_of,
)


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A running Slurm with one node, two partitions and two simulated GPUs."""
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
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A run without a cluster."""
    with Running(Study.create(tmp_path_factory.mktemp("home") / "study"), "--cores", "2") as running:
        yield running


@pytest.fixture(scope="session")
def expected(home: Running) -> dict[str, bytes]:
    """The results of the run without a cluster."""
    home.finish()
    return home.study.outputs()


@pytest.fixture(scope="session")
def away(
    slurm: Slurm, expected: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Running]]:
    """The concurrent runs on Slurm, after the local run: they mostly wait for the next status check."""
    folder = tmp_path_factory.mktemp("away")
    runs = {}
    with ExitStack() as stack:

        def send(name: str, study: Study, *arguments: str) -> None:
            runs[name] = stack.enter_context(Running(study, *arguments, log=f"{name}.log"))

        send("profile", Study.create(folder / "profile"), *SLURM, *PARTITIONS)
        targets = predictions_of("knn_grid", NETWORKS[0])
        send("generic", Study.create(folder / "generic"), *CLUSTER_GENERIC, "--", *targets)
        send("across at home", Study.create(folder / "at_home", ACROSS), "--cores", "2", "--", PAGE)
        runs["across at home"].finish()
        finished = runs["across at home"].study
        models = finished.copy(folder / "suite")
        for name in ("tiny/models", "other/models", "suite"):
            shutil.rmtree(models.folder / "results" / name)
        send("suite", models, *SLURM, *CPU_PARTITION, "--", PAGE)
        yield runs


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A fresh copy of the tiny experiment."""
    return Study.create(tmp_path / "study")
