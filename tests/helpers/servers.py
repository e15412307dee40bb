"""Local HTTP servers that respond correctly or with faults, and count the bytes that they send."""

import contextlib
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PIECE = 16_384


class Answer(BaseHTTPRequestHandler):
    """Handler of one request, with methods for correct and faulty responses."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.close_connection = True
        number = len(self.server.requests)
        self.server.requests.append(self.headers.get("Range"))
        script = self.server.script
        with contextlib.suppress(ConnectionError):
            script[min(number, len(script) - 1)](self)

    def do_HEAD(self) -> None:
        self.close_connection = True
        self.head(200, Content_Length=len(self.server.content), **self.server.headers)

    def log_message(self, *_: object) -> None:
        pass

    @property
    def start(self) -> int:
        """The first requested byte."""
        return int(re.sub(r"\D", "", self.headers.get("Range", "0")))

    def head(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Connection", "close")
        self.end_headers()

    def head_of_rest(self) -> bytes:
        """Send the correct header for the request, and return the body that belongs to it."""
        content, start = self.server.content, self.start
        if start >= len(content):
            self.head(416, Content_Range=f"bytes */{len(content)}", Content_Length=0)
            return b""
        span = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        self.head(206 if start else 200, Content_Length=len(content) - start, **span)
        return content[start:]

    def send(self, content: bytes) -> None:
        for place in range(0, len(content), PIECE):
            piece = content[place : place + PIECE]
            # Counted first: a client that has received everything may read the count before this thread continues.
            self.server.sent += len(piece)
            self.wfile.write(piece)

    def reset(self) -> None:
        """Reset the connection as a crash does, once the sent bytes have arrived."""
        time.sleep(0.05)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


Behaviour = Callable[[Answer], None]


class Server(ThreadingHTTPServer):
    """Server that handles each request by the next entry of its script, and all further ones by the last entry."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, content: bytes, *script: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.content = content
        self.script = script
        self.requests: list[str | None] = []
        self.sent = 0
        # Headers of the response to HEAD, besides the length.
        self.headers: dict[str, object] = {}
        self.scheme = "http"
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}/file.tar.gz"

    def handle_error(self, *_: object) -> None:
        """Print no error: clients that disconnect early are part of the tests."""


@contextlib.contextmanager
def serving(
    content: bytes, *script: Behaviour, certificate: tuple[Path, Path] | None = None
) -> Iterator[Server]:
    """Run a server while the block runs."""
    server = Server(content, *script or [well])
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.scheme = "https"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


# ---- Behaviours ----


def well(answer: Answer) -> None:
    answer.send(answer.head_of_rest())


def reset(answer: Answer) -> None:
    answer.reset()


def silent(answer: Answer) -> None:
    answer.server.closing.wait(10)


def part(count: int, end: Behaviour | None = None) -> Behaviour:
    """Send `count` of the requested bytes and end the connection, by `end` if it is given."""

    def behave(answer: Answer) -> None:
        answer.send(answer.head_of_rest()[:count])
        if end:
            end(answer)

    return behave


def saying(
    code: int, body: bytes | None = None, end: Behaviour | None = None, **headers: object
) -> Behaviour:
    """Send this header for any request, and this body or the whole file."""

    def behave(answer: Answer) -> None:
        answer.head(code, **headers)
        answer.send(answer.server.content if body is None else body)
        if end:
            end(answer)

    return behave


def status(code: int, **headers: object) -> Behaviour:
    return saying(code, b"", Content_Length=0, **headers)


def redirect(url: str) -> Behaviour:
    return status(302, Location=url)


def slowly(answer: Answer, size: int = PIECE, seconds: float = 0.03) -> None:
    content = answer.head_of_rest()
    for place in range(0, len(content), size):
        answer.send(content[place : place + size])
        if answer.server.closing.wait(seconds):
            break


def trickle(answer: Answer) -> None:
    """Send single bytes, so slowly that the download does not stall and does not end."""
    slowly(answer, 1, 0.02)


def in_chunks(answer: Answer) -> None:
    answer.head(200, Transfer_Encoding="chunked")
    for place in range(0, len(answer.server.content), PIECE):
        piece = answer.server.content[place : place + PIECE]
        answer.server.sent += len(piece)
        answer.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    answer.wfile.write(b"0\r\n\r\n")


def endless(answer: Answer) -> None:
    answer.head(200)
    while not answer.server.closing.is_set():
        answer.send(bytes(PIECE))


def no_http(answer: Answer) -> None:
    answer.wfile.write(b"garbage\r\n" * 9)
