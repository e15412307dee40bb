"""Which GPU a process computes on: one that is free, taken with a lock that dies with the process.

Snakemake counts GPUs, but does not say which one a job may use. So every training takes a device for itself.
"""

import fcntl
import logging
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

VISIBLE_DEVICES_VARIABLE = "CUDA_VISIBLE_DEVICES"
# Names of devices, separated by commas, in place of those that nvidia-smi lists: for tests and other makers.
DEVICES_VARIABLE = "CIFARBENCH_DEVICES"
POLL_SECONDS = 0.5

log = logging.getLogger(__name__)


def acquire_gpu(folder: Path | None = None) -> str | None:
    """Take a free GPU of this machine until this process ends, and make it the only one that CUDA shows.

    Waits while all are taken. Call it before CUDA starts, which torch puts off until it is first used.
    Returns the device's name, None on a machine without any.

    Where `CUDA_VISIBLE_DEVICES` names a single device or none, a cluster has decided already, and it stays.
    Where it names several, one of them is taken.

    folder: where the locks are, one file a device. It must be this machine's own and the same for all jobs;
    by default it lies with the temporary files. The system frees a lock when its process ends, in any way.
    """
    given = os.environ.get(VISIBLE_DEVICES_VARIABLE)
    devices = list_gpus() if given is None else [name.strip() for name in given.split(",")]
    if given is not None and len(devices) == 1:
        return given or None
    if not devices:
        return None
    folder = folder or Path(tempfile.gettempdir()) / f"cifarbench-devices-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting = False
    while not (device := next((name for name in devices if _lock(folder, name)), None)):
        if not waiting:
            log.info("All %d GPUs are taken: waiting for one.", len(devices))
        waiting = True
        time.sleep(POLL_SECONDS)
    os.environ[VISIBLE_DEVICES_VARIABLE] = device
    log.info("Computing on device %s.", device)
    return device


def list_gpus() -> list[str]:
    """Return the names of the machine's GPUs, as `CUDA_VISIBLE_DEVICES` takes them, without torch."""
    if DEVICES_VARIABLE in os.environ:
        return [name.strip() for name in os.environ[DEVICES_VARIABLE].split(",") if name.strip()]
    try:
        listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return []
    # GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)
    return re.findall(r"UUID: (GPU-[^)\s]+)", listing.stdout) if listing.returncode == 0 else []


def _lock(folder: Path, device: str) -> bool:
    """Lock a device for as long as this process lives; return whether that succeeded."""
    # Child processes do not inherit what os.open opens, so none of them keeps the lock.
    descriptor = os.open(folder / f"{device.replace('/', '_')}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    return True
