"""Client of the server in `warm`, which jobs run as their `python`.

It imports little, because it starts as often as jobs do.
"""

import marshal
import os
import socket
import struct
import sys

# Runs a script in a new Python that takes the client for its executable, so that what it starts is run by the server.
RUN_SCRIPT = """
import os, runpy, sys
sys.executable, *sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def ask(
    place: str, arguments: list[str], folder: str, environment: dict[str, str], streams: tuple[int, int, int]
) -> int:
    """Run `python *arguments` in a folder on the server and return its exit code, negative for a signal.

    place: the server's socket. streams: the descriptors of the command's standard streams.
    """
    content = marshal.dumps((arguments, folder, environment))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(place)
        socket.send_fds(connection, [struct.pack("Q", len(content))], streams)
        connection.sendall(content)
        return struct.unpack("i", connection.recv(4, socket.MSG_WAITALL))[0]


def main() -> None:
    """Run `python` with the arguments of this process, and exit as it does."""
    client, *arguments = sys.argv
    # Commands that import little start faster without the server.
    if arguments and arguments[0].endswith("/run_guarded.py"):
        os.execv(sys.executable, [sys.executable, "-c", RUN_SCRIPT, client, *arguments])
    if not arguments or (arguments[0].startswith("-") and arguments[:2] != ["-m", "snakemake"]):
        os.execv(sys.executable, [sys.executable, *arguments])
    place = os.path.join(os.path.dirname(client), "socket")  # noqa: PTH118, PTH120
    code = ask(place, arguments, os.getcwd(), dict(os.environ), (0, 1, 2))  # noqa: PTH109
    if code < 0:
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()
