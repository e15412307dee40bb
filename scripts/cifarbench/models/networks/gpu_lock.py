"""Lock a free GPU for a process; the lock is released when the process ends.

Snakemake counts GPUs, but does not assign a specific one to a job, so every training selects its own.
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
# Names of devices, separated by commas, in place of those that nvidia-smi lists: for tests and other vendors.
DEVICES_VARIABLE = "CIFARBENCH_DEVICES"
POLL_SECONDS = 0.5

log = logging.getLogger(__name__)


def acquire_gpu(folder: Path | None = None) -> str | None:
    """Lock a free GPU of this machine until this process ends, set CUDA_VISIBLE_DEVICES to it, and return its name.

    Wait while all are locked. Call it before torch initialises CUDA. If CUDA_VISIBLE_DEVICES names a single device or
    none, a cluster has assigned it, and it is not changed; if it names several, one of them is locked. Return None on a
    machine without GPUs.

    folder: of the lock files, one per device, the same for all jobs of this machine.
    """
    visible = os.environ.get(VISIBLE_DEVICES_VARIABLE)
    devices = list_gpus() if visible is None else [name.strip() for name in visible.split(",")]
    if visible is not None and len(devices) == 1:
        return visible or None
    if not devices:
        return None
    folder = folder or Path(tempfile.gettempdir()) / f"cifarbench-devices-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_waiting = False
    while not (device := next((name for name in devices if _lock(folder, name)), None)):
        if not is_waiting:
            log.info("All %d GPUs are in use: waiting for one.", len(devices))
        is_waiting = True
        time.sleep(POLL_SECONDS)
    os.environ[VISIBLE_DEVICES_VARIABLE] = device
    log.info("Computing on device %s.", device)
    return device


def list_gpus() -> list[str]:
    """Return the names of the machine's GPUs, in the format of CUDA_VISIBLE_DEVICES, without importing torch."""
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
