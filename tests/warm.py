"""A Python that has imported Snakemake and its plugins, and runs each command in a process forked from it.

Two thirds of a dry run go into these imports, which are the same for all. Nothing of the project is imported before a
fork, so that each command imports it from the folder in which it runs.
"""

import atexit
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

TIMEOUT = 600


@cache
def _server() -> subprocess.Popen:
    """This process's own, which ends with it."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    server = subprocess.Popen([sys.executable, __file__], text=True, **pipes)
    atexit.register(server.communicate)
    return server


def python(arguments: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """What `python *arguments` ends with and says in a folder; a signal's code is negative, as `subprocess` has it."""
    with tempfile.NamedTemporaryFile() as said:
        request = {
            "arguments": arguments,
            "folder": str(folder),
            "environment": environment,
            "said": said.name,
        }
        server = _server()
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return code, Path(said.name).read_text()


def _serve() -> None:
    import snakemake.cli

    # Loads the plugins. What is cached in it belongs to no folder.
    snakemake.cli.get_argument_parser()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become(**json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(arguments: list[str], folder: str, environment: dict[str, str], said: str) -> None:
    """Go on as `python *arguments`, of which the first is `-m` or a script."""
    signal.alarm(TIMEOUT)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, place in enumerate((os.devnull, said, said)):
        os.dup2(os.open(place, os.O_RDWR | os.O_APPEND), number)
    is_module, name = arguments[0] == "-m", arguments[arguments[0] == "-m"]
    sys.argv = arguments[is_module:]
    sys.path[0] = folder if is_module else str(Path(folder, name).parent)
    if is_module:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(name, run_name="__main__")


if __name__ == "__main__":
    _serve()
