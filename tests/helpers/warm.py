"""A server that runs each Python command of the tests in a process forked from one with the imports done.

Imports of Snakemake and its plugins take two thirds of a dry run, and imports of libraries take even more of most jobs.
Nothing of the project is imported before a fork, so that each command imports it from the folder in which it runs, and
no computing thread is started. One server serves all processes of a test run and their jobs, which call it through a
`python` on their PATH.
"""

import atexit
import gc
import marshal
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from helpers import once, warm_client

# Seconds after which a command is killed; enough for a busy machine.
TIMEOUT = 1800
# Third-party modules that Snakemake and the rules import when a workflow is read.
SNAKEMAKE_MODULES = ["smart_open", "jsonschema"]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Libraries that jobs import, except faiss, which the project configures before its import, and timm, whose hub reads
# the environment at its import.
LIBRARIES = [
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "matplotlib.figure", "PIL.Image"),
    *("pandas", "scipy.stats", "statsmodels.stats.api", "torch", "jinja2", "babel", "psutil"),
    *("sklearn.decomposition", "sklearn.metrics", "sklearn.model_selection", "sklearn.neighbors"),
    "skops.io",
]

# ---- For tests ----


def python(arguments: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run `python *arguments` in a folder and return its exit code (negative for a signal) and its output."""
    with tempfile.TemporaryFile() as output, open(os.devnull) as nothing:
        streams = nothing.fileno(), output.fileno(), output.fileno()
        code = warm_client.ask(str(_server()), arguments, str(folder), environment, streams)
        output.seek(0)
        return code, output.read().decode()


def environment() -> dict[str, str]:
    """Return the environment of this process with the server's `python` first on PATH."""
    return os.environ | {"PATH": f"{_server().parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"}


def _server() -> Path:
    """Return the socket of the server, which runs as long as the tests; start the server if needed."""
    return once.make("warm", _start) / "socket"


def _start(folder: Path) -> None:
    place = folder / "socket"
    # With several test processes, this one may end before the others, but their parent does not.
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "helpers.warm", place, str(owner)],
            cwd=Path(__file__).parents[1],
            env=os.environ | ONE_THREAD,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    client = folder / "python"
    # In isolated mode and without site-packages, it starts faster.
    client.write_text(f"#!{sys.executable} -IS\n{Path(warm_client.__file__).read_text()}")
    client.chmod(0o755)
    while not place.exists():
        assert server.poll() is None, (folder / "log").read_text()
        time.sleep(0.05)
    # The server keeps running: with a return code, Popen does not warn about it.
    server.returncode = 0


# ---- The server ----


def _serve(place: Path, owner: int) -> None:
    """Serve requests as long as the owner's process exists."""
    import snakemake.cli

    # This loads the plugins. What it caches does not depend on a folder.
    snakemake.cli.get_argument_parser()
    _import(SNAKEMAKE_MODULES)
    # The end of a child process writes a byte to this socket, which wakes `select`.
    ended, wake_up = socket.socketpair()
    ended.setblocking(False)
    wake_up.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_up.fileno())
    listening = socket.socket(socket.AF_UNIX)
    soon = place.with_suffix(".soon")
    listening.bind(str(soon))
    listening.listen(100)
    soon.rename(place)
    children: dict[socket.socket, int] = {}
    while _exists(owner):
        for one in select.select([listening, ended, *children], [], [], 1)[0]:
            if one is listening:
                connection, _ = listening.accept()
                children[connection] = _start_command(connection, str(place.with_name("python")))
            elif one is ended:
                ended.recv(1000)
            elif one in children:
                # The client has disconnected, so its command is killed.
                os.kill(children[one], signal.SIGKILL)
                os.waitpid(children[one], 0)
                del children[one]
                one.close()
        for connection, child in list(children.items()):
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                del children[connection]
                with suppress(OSError), connection:
                    connection.sendall(struct.pack("i", os.waitstatus_to_exitcode(status)))


def _import(names: list[str]) -> None:
    for name in names:
        import_module(name)


def _start_command(connection: socket.socket, client: str) -> int:
    """Fork a process for the requested command, and return its id."""
    head, streams, _, _ = socket.recv_fds(connection, 8, 3)
    request = marshal.loads(connection.recv(*struct.unpack("Q", head), socket.MSG_WAITALL))
    if request[0][0] != "-m" and "torch" not in sys.modules:
        _import(LIBRARIES)
        # The garbage collector ignores the objects from now on, so that forks share their memory.
        gc.freeze()
    child = os.fork()
    if not child:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _run_as_python(client, streams, *request)
    for stream in streams:
        os.close(stream)
    return child


def _run_as_python(
    client: str, streams: list[int], arguments: list[str], folder: str, environment: dict[str, str]
) -> None:
    """Continue as `python *arguments`, which begin with `-m` or a script. client: the path of sys.executable."""
    signal.alarm(TIMEOUT)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # Libraries have one thread already, and setting another number takes a moment.
    threads = int(environment.get("OMP_NUM_THREADS", 1))
    if threads > 1 and "torch" in sys.modules:
        _use_threads(threads)
    sys.executable = client
    is_module, name = arguments[0] == "-m", arguments[arguments[0] == "-m"]
    sys.argv = arguments[is_module:]
    sys.path[0] = folder if is_module else str(Path(folder, name).parent)
    sys.path[1:1] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    code = 0
    try:
        if is_module:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(name, run_name="__main__")
    except SystemExit as end:
        code = end.code
        if not isinstance(code, int | None):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    # Exit as Python does, but without the teardown of modules, which takes longer than a fork.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def _use_threads(threads: int) -> None:
    """Use as many threads as the libraries would have read from the environment."""
    import torch
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
    torch.set_num_threads(threads)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), int(sys.argv[2]))
