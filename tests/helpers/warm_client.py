"""Ask the server of `warm` to be `python`. Where jobs run, this file stands for `python` itself.

So it imports little: it starts as often as they do.
"""

import marshal
import os
import socket
import struct
import sys


def ask(
    place: str, arguments: list[str], folder: str, environment: dict[str, str], streams: tuple[int, int, int]
) -> int:
    """What `python *arguments` ends with in a folder; a signal's code is negative, as `subprocess` has it.

    place: the server's socket. streams: what it reads and writes, as descriptors.
    """
    content = marshal.dumps((arguments, folder, environment))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(place)
        socket.send_fds(connection, [struct.pack("Q", len(content))], streams)
        connection.sendall(content)
        return struct.unpack("i", connection.recv(4, socket.MSG_WAITALL))[0]


def main() -> None:
    """End as `python` would that is given the arguments of this process."""
    arguments = sys.argv[1:]
    # What imports little starts faster by itself.
    is_little = not arguments or arguments[0].endswith("/guard_model.py")
    if is_little or (arguments[0].startswith("-") and arguments[:2] != ["-m", "snakemake"]):
        os.execv(sys.executable, [sys.executable, *arguments])
    place = os.path.join(os.path.dirname(sys.argv[0]), "socket")  # noqa: PTH118, PTH120
    code = ask(place, arguments, os.getcwd(), dict(os.environ), (0, 1, 2))  # noqa: PTH109
    if code < 0:
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()
