"""What all tests share, also where several processes run them (`pytest -n auto`)."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

TESTS = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests that take minutes, too")


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: tests of clusters mostly wait."""
    return (os.cpu_count() or 1) + 1


# Before pytest-xdist reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Those that wait the most begin first, then those that take the longest.
    items.sort(key=lambda item: (group_of(item) != "slurm", item.path.parent.name != "workflow"))
    for item in items:
        if group_of(item):
            item.add_marker(pytest.mark.xdist_group(group_of(item)))
        if "long" in item.keywords and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="takes minutes; run with --long"))


def group_of(item: pytest.Item) -> str | None:
    """The tests that one process runs, one after the other; None for one that stands for itself."""
    # There can be one Slurm on a machine.
    if "slurm" in item.fixturenames:
        return "slurm"
    # They read the same small run, which each process would make for itself.
    if item.path.parent.name in ("report", "browser"):
        return "small_run"
    # A whole study is made once for all processes; what modules of unit tests share is not.
    return None if item.path.parent.name == "workflow" else str(item.path.relative_to(TESTS))


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
