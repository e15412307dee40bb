"""Options, distribution and shared folders of all tests, also with several processes (`pytest -n auto`)."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from helpers import once

if "PYTEST_XDIST_WORKER" in os.environ:
    # Set before importing libraries that count cores: with threads for all cores in each process, the processes would
    # mostly wait for each other. Snakemake sets the number of threads of its jobs.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests that take minutes, too")


def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are cores: cluster tests mostly wait."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Groups(config, log)


def group_of(nodeid: str) -> str:
    """Return the group of tests that one process runs in sequence: usually those of a file."""
    file = nodeid.partition("::")[0]
    match Path(file).parent.name:
        case "cluster" if Path(file).stem not in ("test_storage", "test_profiles"):
            # A machine can run one Slurm, which these two files don't need.
            return "cluster"
        case "workflow" if Path(file).stem not in ("test_crate", "test_export"):
            # A finished run is made once for all processes. These two files make their own.
            return nodeid
    return file


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Start the tests that wait the most, then those that take the longest. Cluster faults are tested first, before
    # other tests submit jobs.
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
    """Return a function that makes a folder shared by all processes, from its name and a function that fills it."""
    base = tmp_path_factory.getbasetemp()
    once.place = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return once.make
