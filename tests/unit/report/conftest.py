"""What the tests of the report share."""

import pytest

from cifarbench.report.results import Run
from helpers import small_run


@pytest.fixture(scope="session")
def run() -> Run:
    """The notebook's models, which tests leave as they are."""
    folder = small_run.shared()
    return Run.read(folder, small_run.files(folder))


@pytest.fixture(scope="session")
def nine() -> Run:
    """The same with three others beside them."""
    folder = small_run.shared("linear_edges", "forest", "my_network")
    return Run.read(folder, small_run.files(folder))
