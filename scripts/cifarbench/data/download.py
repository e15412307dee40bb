"""Download one file from one URL: resume, detect stalls, retry, and refuse plain http."""

import contextlib
import ipaddress
import logging
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ReadTimeoutError

# Bytes that are read in one call.
CHUNK_BYTES = 1 << 16
# Seconds between two lines of progress in the log, which the display of the run shows.
PROGRESS_SECONDS = 2
# HTTP status of a server that is overloaded or broken temporarily.
TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetryPolicy:
    """Timeouts and retries of a download; the official server sends at least 55 kB/s."""

    connect_seconds: float = 10
    stall_seconds: float = 30
    """A source that sends less than `bytes_per_second` over this time is abandoned."""
    bytes_per_second: float = 5_000
    attempts: int = 4
    """Consecutive failures; an attempt that receives 1% of the file resets the count."""
    first_wait_seconds: float = 1
    longest_wait_seconds: float = 30
    redirects: int = 5


class DownloadError(Exception):
    """A source did not send the file; `transient` if another attempt may help."""

    def __init__(self, reason: str, transient: bool = False, wait_seconds: float = 0) -> None:
        super().__init__(reason)
        self.transient = transient
        self.wait_seconds = wait_seconds


def download(url: str, partial: Path, size: int, limits: RetryPolicy) -> None:
    """Append to the file `partial` the rest of the `size` bytes at `url`.

    Received bytes stay in `partial` after any error. The content is not checked.

    Raises DownloadError if the source refuses, or fails in too many consecutive attempts.
    """
    before = _length(partial)
    failures = 0
    while _length(partial) < size:
        have = _length(partial)
        try:
            _attempt(url, partial, size, limits)
        except DownloadError as error:
            # Retry after any error if the source has sent some bytes.
            if not error.transient and _length(partial) == before:
                raise
            gained = _length(partial) - have
            failures = 1 if gained and gained >= size / 100 else failures + 1
            if failures >= limits.attempts:
                raise DownloadError(f"{error}; abandoned after {failures} consecutive attempts") from None
            wait = max(limits.first_wait_seconds * 2 ** (failures - 1), error.wait_seconds)
            wait = min(wait, limits.longest_wait_seconds)
            log.info(
                "%s: %s; trying again in %.0f s, from byte %d", hostname(url), error, wait, _length(partial)
            )
            time.sleep(wait)


def check_url(url: str, secure_only: bool = False) -> str | None:
    """Return why `url` is refused, or None if it is allowed.

    It must be https; http is allowed for a server on this machine, unless `secure_only`.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        return f"{url} is not a URL ({error})"
    if parts.scheme == "https" and parts.hostname:
        return None
    if parts.scheme == "http" and _is_loopback(parts.hostname) and not secure_only:
        return None
    return f"{url} is not https"


def hostname(url: str) -> str:
    """Return the host and port of a URL."""
    return urlsplit(url).netloc


class _Session(requests.Session):
    """A session that checks the target of a redirect before it follows."""

    def get_redirect_target(self, response: requests.Response) -> str | None:
        target = super().get_redirect_target(response)
        if target is not None:
            secure = response.url.startswith("https:")
            with contextlib.suppress(ValueError):
                target = urljoin(response.url, target)
            if reason := check_url(target, secure_only=secure):
                raise DownloadError(f"redirects to where {reason}")
        return target


@contextlib.contextmanager
def _open_session(limits: RetryPolicy) -> Iterator[requests.Session]:
    """Yield a session whose errors are DownloadErrors."""
    with _Session() as session:
        session.max_redirects = limits.redirects
        # Identity, since some servers declare a .gz as an encoding, and it would be unpacked.
        session.headers.update({"Accept-Encoding": "identity", "User-Agent": "cifarbench"})
        try:
            yield session
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _failure(error, limits) from None


def read_headers(url: str, limits: RetryPolicy) -> requests.structures.CaseInsensitiveDict[str]:
    """Return the headers of a file at `url`, without its content: of the first answer if it has X-Linked-Size.

    Raises DownloadError if the source refuses or can't be reached.
    """
    if reason := check_url(url):
        raise DownloadError(f"is refused: {reason}")
    with _open_session(limits) as session:
        timeout = limits.connect_seconds, limits.stall_seconds
        response = session.head(url, allow_redirects=False, timeout=timeout)
        # The Hugging Face hub redirects to a server that knows no checksum.
        if response.is_redirect and "X-Linked-Size" not in response.headers:
            response = session.head(url, allow_redirects=True, timeout=timeout)
    if not response.ok:
        raise DownloadError(f"returns {response.status_code} {response.reason}")
    return response.headers


def _attempt(url: str, partial: Path, size: int, limits: RetryPolicy) -> None:
    have = _length(partial)
    headers = {"Range": f"bytes={have}-"} if have else {}
    timeout = limits.connect_seconds, limits.stall_seconds
    with (
        _open_session(limits) as session,
        session.get(url, headers=headers, stream=True, timeout=timeout) as response,
    ):
        _receive(response, partial, have - _first_byte(response, have, size), size, limits)


def _first_byte(response: requests.Response, have: int, size: int) -> int:
    """Return the position in the file of the response's first byte; DownloadError if it is not the file."""
    status = response.status_code
    if status not in (200, 206):
        wait = response.headers.get("Retry-After", "")
        raise DownloadError(
            f"returns {status} {response.reason}",
            status in TRANSIENT_STATUS,
            float(wait) if wait.isdecimal() else 0,
        )
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise DownloadError("returns a web page instead of the file")
    if status == 200:
        start, total = 0, response.headers.get("Content-Length", "")
        if have:
            log.info("%s ignores ranges and sends the whole file again", hostname(response.url))
    else:
        content_range = response.headers.get("Content-Range", "")
        parts = re.fullmatch(r"bytes (\d{1,18})-\d*/(\d{1,18}|\*)", content_range)
        if parts is None:
            raise DownloadError(f"returns the invalid range {content_range[:60]!a}")
        start, total = int(parts[1]), parts[2]
        if start > have:
            raise DownloadError(f"sends bytes from {start} instead of {have}")
    if total.isdecimal() and total != str(size):
        raise DownloadError(f"offers a file of {total[:30]} bytes instead of {size}")
    return start


def _receive(response: requests.Response, partial: Path, skip: int, size: int, limits: RetryPolicy) -> None:
    """Append the response's body to `partial`, without its first `skip` bytes, which `partial` has already."""
    have = start = _length(partial)
    started = logged = window_start = time.monotonic()
    window_bytes = 0
    with open(partial, "ab") as file:
        # read1 returns what has arrived; waiting for a full chunk would hide a slow source.
        while have < size and (chunk := response.raw.read1(CHUNK_BYTES, decode_content=False)):
            window_bytes += len(chunk)
            fresh = chunk[skip : skip + size - have]
            skip -= min(skip, len(chunk))
            file.write(fresh)
            have += len(fresh)
            now = time.monotonic()
            if now - logged >= PROGRESS_SECONDS or have == size:
                rate = (have - start) / max(now - started, 1e-3)
                left = f"{(size - have) / rate:.0f} s" if rate else "?"
                log.info(
                    "%s: %.1f of %.1f MB, %.2f MB/s, %s left",
                    hostname(response.url),
                    have / 1e6,
                    size / 1e6,
                    rate / 1e6,
                    left,
                )
                logged = now
            elapsed = now - window_start
            if elapsed >= limits.stall_seconds:
                if window_bytes < limits.bytes_per_second * elapsed:
                    raise DownloadError(f"sent only {window_bytes} bytes in {elapsed:.0f} s", transient=True)
                window_start, window_bytes = now, 0
    if have < size:
        raise DownloadError(f"ended after {have} of {size} bytes", transient=True)


def _is_loopback(name: str | None) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _failure(error: Exception, limits: RetryPolicy) -> DownloadError:
    """Return a library's error as a DownloadError with the innermost reason."""
    reason = error
    while isinstance(inner := getattr(reason, "reason", None) or next(iter(reason.args), None), Exception):
        reason = inner
    match reason:
        case requests.TooManyRedirects():
            return DownloadError(f"redirects more than {limits.redirects} times")
        case ConnectTimeoutError() if not isinstance(reason, NewConnectionError):
            return DownloadError(f"can't be reached within {limits.connect_seconds:g} s")
        case ReadTimeoutError() | TimeoutError():
            return DownloadError(f"sent nothing for {limits.stall_seconds:g} s", transient=True)
    text = re.sub(r"^(<.*?>|\w+\(.*?\)): ", "", str(reason)) or type(reason).__name__
    final = isinstance(reason, NewConnectionError | ssl.SSLError | ValueError)
    return DownloadError(text, transient=not final)
