"""End the jobs of a run that was killed, and remove the locks that it left."""

import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

from cifarbench.errors import UserError
from cifarbench.io.atomic import read_json, write_json

# The environment variable with the process whose jobs end when it does.
PARENT_PID_VARIABLE = "CIFARBENCH_STARTER"


def check_writable(folder: Path) -> None:
    """Raise UserError unless files can be created in a folder, which is created if it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UserError(
            f"The folder {folder.resolve().parent} can't be written to ({error.strerror}); run in another one, with "
            "--directory FOLDER."
        ) from None


def set_parent_watch() -> None:
    """Make the jobs that this process starts end when it ends."""
    os.environ[PARENT_PID_VARIABLE] = f"{os.getpid()} {_process_numbers()}"


def exit_with_parent(poll_seconds: float = 1.0) -> None:
    """End this process once the process that `set_parent_watch` has named is gone.

    A run that is killed leaves its jobs behind. They would write their results among those of the next run, which may
    have other settings.
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
    """Write into a folder of locks that this process holds some of them."""
    if locks.is_dir():
        write_json(locks / f"{os.getpid()}.owner", {"host": socket.gethostname(), "pid": os.getpid()})


def remove_stale_locks(locks: Path, program: str) -> bool:
    """Remove a folder of locks if all their owners are gone, and return whether it was removed.

    program: a word of the owners' command lines; a process without it has reused the number. Locks without an owner, or
    of an owner on another machine, stay.
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
    """Return the name of this process's PID namespace; a container may have its own."""
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
