"""Runs that were cut off: their jobs end with them, and what they left locked is free again."""

import os
import shutil
import socket
import threading
import time
from pathlib import Path

from cifarbench.io.atomic import read_json, write_json

# The environment's name of the process whose jobs end when it does.
PARENT_PID_VARIABLE = "CIFARBENCH_STARTER"


def set_parent_watch() -> None:
    """Let the jobs that this process starts end when it does."""
    os.environ[PARENT_PID_VARIABLE] = f"{os.getpid()} {_process_numbers()}"


def exit_with_parent(poll_seconds: float = 1.0) -> None:
    """End this process, whatever it does, once the one that the environment names as its starter is gone.

    A run that is killed leaves its jobs behind. They would go on to write their results among those of the
    next run, which may have other settings.
    """
    number, _, numbered_by = os.environ.get(PARENT_PID_VARIABLE, "").partition(" ")
    # From within a container the starter may not be seen.
    if not number or numbered_by != _process_numbers():
        return
    starter = int(number)

    def watch() -> None:
        if _exists(starter):
            time.sleep(poll_seconds)
            # Most jobs have ended before they ask this.
            while _is_alive(starter):
                time.sleep(poll_seconds)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def write_lock_owner(locks: Path) -> None:
    """Leave word in a folder of locks of who holds some of them: this process."""
    if locks.is_dir():
        write_json(locks / f"{os.getpid()}.owner", {"host": socket.gethostname(), "pid": os.getpid()})


def remove_stale_locks(locks: Path, program: str) -> bool:
    """Remove a folder of locks if all processes that signed it are gone; whether it was removed.

    program: a word of their command lines, which tells them from later processes that have their numbers. Locks
    that nobody signed, or somebody on another machine, stay.
    """
    try:
        owners = [read_json(path) for path in locks.glob("*.owner")]
        here = all(owner["host"] == socket.gethostname() for owner in owners)
        if not owners or not here or any(_is_alive(owner["pid"], program) for owner in owners):
            return False
    except (OSError, ValueError, KeyError):
        return False
    shutil.rmtree(locks)
    return True


def _process_numbers() -> str:
    """Which numbering of processes this one belongs to; a container may have its own."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _is_alive(pid: int, program: str = "") -> bool:
    # Takes as long to import as all else that a short job needs of this module.
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and program in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
