"""faiss's matrix products, and which processor they are made for."""

import json
import os
import subprocess
import sys

import pytest

from cifarbench.runtime.faiss_setup import VARIABLE

# What each OpenBLAS of a fresh process takes the processor for, and whether the variable is left behind.
SEEN = f"""
import json, os
from cifarbench.runtime.faiss_setup import faiss
from threadpoolctl import threadpool_info
cores = [library["architecture"] for library in threadpool_info() if library["internal_api"] == "openblas"]
print(json.dumps([cores, os.environ.get("{VARIABLE}")]))
"""


def cores_of_process(environment: dict[str, str]) -> tuple[list[str], str | None]:
    process = subprocess.run(
        [sys.executable, "-c", SEEN], env=environment, capture_output=True, text=True, check=True
    )
    return tuple(json.loads(process.stdout))


@pytest.fixture
def environment(monkeypatch):
    """The environment without a choice of the user's."""
    monkeypatch.delenv(VARIABLE, raising=False)
    return os.environ | {"PYTHONPATH": "scripts"}


def test_faiss_takes_the_kernels_that_numpy_takes(environment):
    cores, left = cores_of_process(environment)
    if len(cores) < 2:
        pytest.skip("faiss or numpy has no OpenBLAS on this platform")
    assert len(set(cores)) == 1 or cores[0] == "SapphireRapids"
    assert "Prescott" not in cores
    assert left is None


def test_a_choice_of_the_users_stays(environment):
    cores, left = cores_of_process(environment | {VARIABLE: "Haswell"})
    assert set(cores) <= {"Haswell"} or not cores
    assert left == "Haswell"
