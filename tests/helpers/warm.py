"""A Python that has imported what tests start again and again, and runs each command in a process forked from it.

Two thirds of a dry run go into imports of Snakemake and its plugins, and of most jobs even more into those of
libraries. Nothing of the project is imported before a fork, so that each command imports it from the folder in which it
runs, and no thread that computes is started. One server answers all processes of a test run, and their jobs, which
reach it by a `python` of their own.
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

# Ends a command that hangs; not one on a busy machine.
TIMEOUT = 1800
# What Snakemake imports of others, and its rules, once it looks at a workflow.
OF_A_RUN = ["smart_open", "jsonschema"]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# What jobs import. Not faiss, which is told by the project how to start.
LIBRARIES = [
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "matplotlib.figure", "PIL.Image"),
    *("pandas", "scipy.stats", "statsmodels.stats.api", "torch", "jinja2", "babel", "psutil"),
    *("sklearn.decomposition", "sklearn.metrics", "sklearn.model_selection", "sklearn.neighbors"),
]

# ---- For tests ----


def python(arguments: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """What `python *arguments` ends with and says in a folder; a signal's code is negative, as `subprocess` has it."""
    with tempfile.TemporaryFile() as said, open(os.devnull) as nothing:
        streams = nothing.fileno(), said.fileno(), said.fileno()
        code = warm_client.ask(str(_server()), arguments, str(folder), environment, streams)
        said.seek(0)
        return code, said.read().decode()


def environment() -> dict[str, str]:
    """This one, in which `python` is answered by the server."""
    return os.environ | {"PATH": f"{_server().parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"}


def _server() -> Path:
    """The socket at which it listens, for as long as the tests run."""
    return once.make("warm", _start) / "socket"


def _start(folder: Path) -> None:
    place = folder / "socket"
    # Of several processes that run tests, this one may end before the others; what started them does not.
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
    # Isolated and without packages, it starts faster.
    client.write_text(f"#!{sys.executable} -IS\n{Path(warm_client.__file__).read_text()}")
    client.chmod(0o755)
    while not place.exists():
        assert server.poll() is None, (folder / "log").read_text()
        time.sleep(0.05)
    # It is left to itself.
    server.returncode = 0


# ---- The server ----


def _serve(place: Path, owner: int) -> None:
    """Answer for as long as the owner's process is there."""
    import snakemake.cli

    # Loads the plugins. What is cached in it belongs to no folder.
    snakemake.cli.get_argument_parser()
    _import(OF_A_RUN)
    # A child's end is a byte to read.
    ended, wakes = socket.socketpair()
    ended.setblocking(False)
    wakes.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno())
    listening = socket.socket(socket.AF_UNIX)
    soon = place.with_suffix(".soon")
    listening.bind(str(soon))
    listening.listen(100)
    soon.rename(place)
    asked: dict[socket.socket, int] = {}
    while _exists(owner):
        for one in select.select([listening, ended, *asked], [], [], 1)[0]:
            if one is listening:
                connection, _ = listening.accept()
                asked[connection] = _start_command(connection, str(place.with_name("python")))
            elif one is ended:
                ended.recv(1000)
            elif one in asked:
                # Who asked is gone, and so the command ends.
                os.kill(asked[one], signal.SIGKILL)
                os.waitpid(asked[one], 0)
                del asked[one]
                one.close()
        for connection, child in list(asked.items()):
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                del asked[connection]
                with suppress(OSError), connection:
                    connection.sendall(struct.pack("i", os.waitstatus_to_exitcode(status)))


def _import(names: list[str]) -> None:
    for name in names:
        import_module(name)


def _start_command(connection: socket.socket, client: str) -> int:
    """The process of a command that is asked for."""
    head, streams, _, _ = socket.recv_fds(connection, 8, 3)
    request = marshal.loads(connection.recv(*struct.unpack("Q", head), socket.MSG_WAITALL))
    if request[0][0] != "-m" and "torch" not in sys.modules:
        _import(LIBRARIES)
        # What is there now stays, and looked over by nobody it stays shared.
        gc.freeze()
    child = os.fork()
    if not child:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _become(client, streams, *request)
    for stream in streams:
        os.close(stream)
    return child


def _become(
    client: str, streams: list[int], arguments: list[str], folder: str, environment: dict[str, str]
) -> None:
    """Go on as `python *arguments`, of which the first is `-m` or a script. client: what it takes for `python`."""
    signal.alarm(TIMEOUT)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # It has one, and to tell all libraries takes a moment.
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
    # As Python ends, but for taking apart what was imported, which takes longer than a fork.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def _use_threads(threads: int) -> None:
    """As many as the libraries would have found in the environment."""
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
