"""Locks of GPUs, tested by processes that claim simulated devices and of which some are killed."""

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cifarbench.models.networks import gpu_lock

SCRIPTS = Path(gpu_lock.__file__).parents[3]

# Print the claimed device and hold it until standard input is closed.
HOLDER = """
import os, sys
from pathlib import Path
from cifarbench.models.networks.gpu_lock import acquire_gpu
device = acquire_gpu(Path(sys.argv[1]))
print(device, os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
sys.stdin.read()
"""

# Claim a device, print when it was held, and exit.
WORKER = """
import sys, time
from pathlib import Path
from cifarbench.models.networks.gpu_lock import acquire_gpu
device = acquire_gpu(Path(sys.argv[1]))
start = time.monotonic()
time.sleep(0.1)
print(device, start, time.monotonic())
"""

WAIT_SECONDS = 0.8


class Starter:
    """Start processes that claim a device, and end them after the test."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []

    def __call__(self, code: str = HOLDER, **environment: str) -> subprocess.Popen[str]:
        chosen = (gpu_lock.VISIBLE_DEVICES_VARIABLE, gpu_lock.DEVICES_VARIABLE)
        inherited = {name: value for name, value in os.environ.items() if name not in chosen}
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(self.folder)],
            env=inherited | {"PYTHONPATH": str(SCRIPTS)} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


@pytest.fixture
def start(tmp_path):
    starter = Starter(tmp_path / "locks")
    yield starter
    starter.end()


def claimed_device(process: subprocess.Popen[str]) -> list[str]:
    return process.stdout.readline().split()


def is_waiting(process: subprocess.Popen[str]) -> bool:
    """Return whether a process has no device after a time sufficient to claim a free one."""
    os.set_blocking(process.stdout.fileno(), False)
    time.sleep(WAIT_SECONDS)
    nothing = process.stdout.readline() == ""
    os.set_blocking(process.stdout.fileno(), True)
    return nothing


def test_a_process_waits_for_the_first_free_device(start):
    first = start(CIFARBENCH_DEVICES="0,1")
    assert claimed_device(first) == ["0", "0"]
    second = start(CIFARBENCH_DEVICES="0,1")
    assert claimed_device(second) == ["1", "1"]
    third = start(CIFARBENCH_DEVICES="0,1")
    assert is_waiting(third)
    second.stdin.close()
    second.wait()
    assert claimed_device(third) == ["1", "1"]


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_the_device_of_a_killed_process_is_free_immediately(start, end):
    holder = start(CIFARBENCH_DEVICES="0")
    assert claimed_device(holder) == ["0", "0"]
    waiting = start(CIFARBENCH_DEVICES="0")
    assert is_waiting(waiting)
    getattr(holder, end)()
    holder.wait()
    assert claimed_device(waiting) == ["0", "0"]


def test_a_child_that_outlives_the_process_does_not_keep_the_device(start):
    leaves_a_child = HOLDER.replace(
        "sys.stdin.read()", "import subprocess; subprocess.Popen(['sleep', '5']); os.kill(os.getpid(), 9)"
    )
    first = start(leaves_a_child, CIFARBENCH_DEVICES="0")
    assert claimed_device(first) == ["0", "0"]
    first.wait()
    assert claimed_device(start(CIFARBENCH_DEVICES="0")) == ["0", "0"]


def test_processes_never_share_a_device(start):
    workers = [start(WORKER, CIFARBENCH_DEVICES="a,b,c") for _ in range(9)]
    spans = sorted(
        (device, float(begin), float(end))
        for device, begin, end in (worker.communicate()[0].split() for worker in workers)
    )
    assert len(spans) == 9
    assert {device for device, *_ in spans} == {"a", "b", "c"}
    for (device, _, end), (next_device, begin, _) in itertools.pairwise(spans):
        assert device != next_device or end <= begin


# A cluster may number the device of every job 0: a lock of this name would run one job at a time.
@pytest.mark.parametrize("given", ["3", "GPU-5d5ba0d6", "NoDevFiles", ""])
def test_the_device_of_a_cluster_is_kept(start, given):
    for _ in range(2):
        process = start(CUDA_VISIBLE_DEVICES=given, CIFARBENCH_DEVICES="0")
        assert claimed_device(process) == ([given, given] if given else ["None"])
    assert not start.folder.exists()


def test_one_of_several_visible_devices_is_claimed(start):
    got = [claimed_device(start(CUDA_VISIBLE_DEVICES="4, 6", CIFARBENCH_DEVICES="0")) for _ in range(2)]
    assert got == [["4", "4"], ["6", "6"]]


def test_processes_do_not_wait_without_devices(start):
    got = [claimed_device(start(CIFARBENCH_DEVICES="")) for _ in range(2)]
    assert got == [["None", "None"], ["None", "None"]]
    assert not start.folder.exists()


def nvidia_smi(folder: Path, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_devices_are_those_that_the_driver_lists(tmp_path, monkeypatch):
    monkeypatch.delenv(gpu_lock.DEVICES_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    nvidia_smi(
        tmp_path,
        "echo 'GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d)'\n"
        "echo 'GPU 1: Tesla T4 (UUID: GPU-0f00-8a77)'",
    )
    assert gpu_lock.list_gpus() == ["GPU-5d5ba0d6-d33d", "GPU-0f00-8a77"]
    nvidia_smi(tmp_path, "echo 'GPU 0: broken (UUID: GPU-1)'; exit 9")
    assert gpu_lock.list_gpus() == []
    # Without the driver.
    (tmp_path / "nvidia-smi").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_lock.list_gpus() == []


def test_listing_devices_does_not_import_torch():
    code = "import sys, cifarbench.models.networks.gpu_lock; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": str(SCRIPTS)})
