"""What all tests share, also where several processes run them (`pytest -n auto`)."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from helpers import once

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before anything is imported that counts cores: several processes, each with threads for all of them, wait for
    # each other most of the time. Jobs that Snakemake starts are told how many they have.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests that take minutes, too")


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: tests of clusters mostly wait."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Groups(config, log)


def group_of(nodeid: str) -> str:
    """The tests that one process runs, one after the other: most often those of a file."""
    file = nodeid.partition("::")[0]
    match Path(file).parent.name:
        case "cluster" if Path(file).stem not in ("test_storage", "test_profiles"):
            # There can be one Slurm on a machine, which these two don't need.
            return "cluster"
        case "workflow" if Path(file).stem not in ("test_crate", "test_export"):
            # A whole study is made once for all processes. These two make one of their own.
            return nodeid
    return file


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Those that wait the most begin first, then those that take the longest. Of a cluster, its faults: they are had
    # before others' jobs are on it.
    order = ("test_faults", "cluster", "workflow")
    items.sort(
        key=lambda item: next(
            (place for place, name in enumerate(order) if name in (item.path.stem, item.path.parent.name)),
            len(order),
        )
    )
    for item in items:
        if "long" in item.keywords and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="takes minutes; run with --long"))


@pytest.fixture(scope="session", autouse=True)
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Make a folder that all processes share: of a name, by a function that fills it."""
    base = tmp_path_factory.getbasetemp()
    once.place = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return once.make
