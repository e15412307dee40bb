"""End the jobs of a run that was killed, and remove its locks."""

import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

from cifarbench.errors import UserError
from cifarbench.io.atomic import read_json, write_json

# Environment variable with the id and PID namespace of the process that started the jobs.
PARENT_PID_VARIABLE = "CIFARBENCH_STARTER"


def check_writable(folder: Path) -> None:
    """Raise UserError unless files can be created in a folder, which is created if it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UserError(
            f"The folder {folder.resolve().parent} is not writable ({error.strerror}); use another one, by --directory "
            "FOLDER."
        ) from None


def set_parent_watch() -> None:
    """Make the jobs that this process starts end with this process."""
    os.environ[PARENT_PID_VARIABLE] = f"{os.getpid()} {_pid_namespace()}"


def exit_with_parent(poll_seconds: float = 1.0) -> None:
    """End this process when the process that called `set_parent_watch` has ended.

    Jobs of a killed run would otherwise write their results among those of the next run, which may have other settings.
    """
    pid, _, namespace = os.environ.get(PARENT_PID_VARIABLE, "").partition(" ")
    # The parent may be invisible in a container.
    if not pid or namespace != _pid_namespace():
        return
    parent = int(pid)

    def watch() -> None:
        if _exists(parent):
            time.sleep(poll_seconds)
            # Most jobs end before this, and do not need to import psutil.
            while _is_alive(parent):
                time.sleep(poll_seconds)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def write_lock_owner(locks: Path) -> None:
    """Record in a folder of locks that this process owns some of them."""
    if locks.is_dir():
        write_json(locks / f"{os.getpid()}.owner", {"host": socket.gethostname(), "pid": os.getpid()})


def remove_stale_locks(locks: Path, program: str) -> bool:
    """Remove a folder of locks if all their owners have ended; return whether it was removed.

    program: a substring of the owners' command lines; a process without it has reused the process id. Locks without an
    owner, or of an owner on another machine, remain.
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


def _pid_namespace() -> str:
    """Return the name of this process's PID namespace, which differs in a container; empty where there are none."""
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
    # Not at the top, since short jobs do not need it.
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and program in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
