"""Selection of the kernels of this processor for faiss."""

import json
import os
import subprocess
import sys

import pytest

from cifarbench.runtime.faiss_setup import VARIABLE

# Print the kernels of each OpenBLAS in a new process, and the environment variable afterwards.
PROGRAM = f"""
import json, os
from cifarbench.runtime.faiss_setup import faiss
from threadpoolctl import threadpool_info
cores = [library["architecture"] for library in threadpool_info() if library["internal_api"] == "openblas"]
print(json.dumps([cores, os.environ.get("{VARIABLE}")]))
"""


def cores_of_process(**environment: str) -> tuple[list[str], str | None]:
    inherited = {name: value for name, value in os.environ.items() if name != VARIABLE}
    environment = inherited | {"PYTHONPATH": "scripts"} | environment
    command = [sys.executable, "-c", PROGRAM]
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return tuple(json.loads(process.stdout))


def test_faiss_uses_the_kernels_of_numpy():
    cores, variable = cores_of_process()
    if len(cores) < 2:
        pytest.skip("faiss or numpy has no OpenBLAS on this platform")
    assert len(set(cores)) == 1 or cores[0] == "SapphireRapids"
    assert "Prescott" not in cores
    assert variable is None


def test_core_type_of_the_user_is_kept():
    cores, variable = cores_of_process(**{VARIABLE: "Haswell"})
    assert set(cores) <= {"Haswell"} or not cores
    assert variable == "Haswell"
