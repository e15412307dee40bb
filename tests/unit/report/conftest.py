"""Fixtures of the report tests."""

import pytest
from altered import on_cifar10

from cifarbench.report.results import Results
from helpers import small_run


@pytest.fixture(scope="session")
def run() -> Results:
    """The models of the reference notebook on digits. Tests must not change them."""
    folder = small_run.shared()
    return Results.read(folder, small_run.files(folder))


@pytest.fixture(scope="session")
def study(run: Results) -> Results:
    """The same run, as if it were on CIFAR-10."""
    return on_cifar10(run)


@pytest.fixture(scope="session")
def nine() -> Results:
    """The run with three additional models."""
    folder = small_run.shared("linear_edges", "forest", "my_network")
    return Results.read(folder, small_run.files(folder))
