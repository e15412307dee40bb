"""What all tests share, also where several processes run them (`pytest -n auto`)."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from xdist.scheduler import LoadScopeScheduling


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
        case "cluster":
            # There can be one Slurm on a machine.
            return "cluster"
        case "browser" | "report":
            # They read the same small run, which each process would make for itself.
            return "small_run"
        case "workflow" if Path(file).stem not in ("test_crate", "test_export"):
            # A whole study is made once for all processes. These two make one of their own.
            return nodeid
    return file


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Those that wait the most begin first, then those that take the longest.
    order = ("cluster", "workflow")
    items.sort(key=lambda item: order.index(room) if (room := item.path.parent.name) in order else len(order))
    for item in items:
        if "long" in item.keywords and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="takes minutes; run with --long"))


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Make a folder that all processes share: of a name, by a function that fills it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                # Left by a process that failed.
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return make
