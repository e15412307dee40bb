"""Downloads from faulty servers: the correct file or a clear error, without unnecessary transfers."""

import hashlib
import logging
import shutil
import subprocess
import time
from functools import partial
from types import SimpleNamespace

import pytest

from cifarbench.data import download, fetch
from cifarbench.data.download import RetryPolicy, check_url
from cifarbench.errors import UserError
from helpers import servers
from helpers.fetching import CONTENT, SIZE, get, leave_partial, remote
from helpers.servers import part, redirect, reset, saying, serving, silent, status, well


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache"


# ---- Transient faults: the download succeeds ----

TRANSIENT = {
    "well": ([well], 0),
    "500, then well": ([status(500), well], 0),
    "503 twice, first with Retry-After": ([status(503, Retry_After=9), status(503), well], 0),
    "429, then well": ([status(429), well], 0),
    "reset in the middle": ([part(100_000, reset), well], 0),
    "reset again and again": ([part(40_000, reset)] * 7 + [well], 0),
    "closed in the middle": ([part(100_000), well], 0),
    "stall in the middle": ([part(100_000, silent), well], 0),
    "stall before the first byte": ([part(0, silent), well], 0),
    "503 in the middle": ([part(100_000, reset), status(503), well], 0),
    "gone in the middle, then back": ([part(100_000, reset), status(404), well], 0),
    "reset, by a server without ranges": (
        [saying(200, CONTENT[:100_000], reset, Content_Length=SIZE), saying(200, Content_Length=SIZE)],
        100_000,
    ),
    "half of the declared length": ([saying(200, CONTENT[: SIZE // 2], Content_Length=SIZE), well], 0),
    "in chunks, without a length": ([servers.in_chunks], 0),
    "without a length": ([saying(200)], 0),
    "its own compression as an encoding": ([saying(200, Content_Length=SIZE, Content_Encoding="gzip")], 0),
}


@pytest.mark.parametrize("fault", TRANSIENT)
def test_transient_faults_are_retried(cache, fault):
    script, sent_again = TRANSIENT[fault]
    with serving(CONTENT, *script) as server:
        assert get(cache, server.url) == server.url
        assert len(server.requests) == len(script)
        assert server.sent == SIZE + sent_again


# ---- Permanent faults: the next source is used, and the message has the reason ----

RANGE = partial(saying, 206, b"x", Content_Length=1)
PERMANENT = {
    "403": (status(403), "returns 403 Forbidden"),
    "404": (status(404), "returns 404 Not Found"),
    "410": (status(410), "returns 410 Gone"),
    "always 500": (status(500), "returns 500 Internal Server Error; abandoned after 3 consecutive attempts"),
    "always 503": (status(503), "returns 503 Service Unavailable; abandoned after 3"),
    "reset at once": (reset, "Connection reset by peer|Connection aborted"),
    "silent": (silent, "sent nothing for 0.3 s; abandoned after 3 consecutive attempts"),
    "a trickle": (servers.trickle, r"sent only \d+ bytes in 0 s; abandoned after 3"),
    "a web page": (saying(200, b"<p>", Content_Type="text/html", Content_Length=3), "returns a web page"),
    "a length too small": (saying(200, Content_Length=SIZE - 1), "of 299999 bytes instead of 300000"),
    "a length too large": (saying(200, Content_Length=SIZE + 1), "of 300001 bytes instead of 300000"),
    "a length of many digits": (saying(200, Content_Length="9" * 9000), "of 9{30} bytes instead of 300000"),
    "another range": (
        RANGE(Content_Range=f"bytes {SIZE - 1}-{SIZE - 1}/{SIZE}"),
        "bytes from 299999 instead of 0",
    ),
    "an invalid range": (RANGE(Content_Range="all of it"), "returns the invalid range 'all of it'"),
    "a range of many digits": (
        RANGE(Content_Range=f"bytes {'9' * 9000}-"),
        "the invalid range 'bytes 9{54}'",
    ),
    "redirect to itself": (redirect("/file.tar.gz"), "redirects more than 5 times"),
    "redirect to http": (redirect("http://example.org/x"), "to where http://example.org/x is not https"),
    "redirect to a file": (redirect("file:///etc/passwd"), "to where file:///etc/passwd is not https"),
    "redirect to nonsense": (redirect("https://[x"), r"redirects to where https://\[x is not a URL"),
    "redirect to nowhere": (redirect("http://127.0.0.1:1/x"), "Connection refused"),
    "no HTTP": (servers.no_http, "BadStatusLine|not a valid|Connection aborted|garbage"),
}


@pytest.mark.parametrize("fault", PERMANENT)
def test_permanent_faults_switch_to_the_next_source(cache, fault):
    behaviour, reason = PERMANENT[fault]
    with serving(CONTENT, behaviour) as bad, serving(CONTENT) as good:
        with pytest.raises(UserError, match=f"from any of 1 sources:\n  - {bad.url}: .*({reason})"):
            get(cache, bad.url)
        assert get(cache, bad.url, good.url) == good.url
        assert good.sent <= SIZE


WRONG = {
    "corrupted at one byte": CONTENT[:-1000] + bytes([CONTENT[-1000] ^ 1]) + CONTENT[-999:],
    "of the right size": bytes(SIZE),
}


@pytest.mark.parametrize("content", WRONG)
@pytest.mark.parametrize("have", [0, 100_000])
def test_wrong_content_is_refused(cache, content, have):
    with serving(WRONG[content]) as bad, serving(CONTENT) as good:
        leave_partial(cache, CONTENT[:have])
        assert get(cache, bad.url, good.url) == good.url
        message = f"sends another file, with the sha256 [0-9a-f]+ instead of {remote().sha256}"
        with pytest.raises(UserError, match=message):
            get(cache / "other", bad.url)
        assert list((cache / "other").glob("file*")) == []


def test_truncated_files_are_refused(cache):
    with serving(CONTENT[:-1], saying(200)) as bad, serving(CONTENT) as good:
        assert get(cache, bad.url, good.url) == good.url
        assert good.sent == 1


def test_endless_files_are_refused(cache):
    with serving(CONTENT, servers.endless) as bad, serving(CONTENT) as good:
        assert get(cache, bad.url, good.url) == good.url


def test_unresolvable_hosts_are_reported(cache):
    with serving(CONTENT) as good:
        assert get(cache, "https://nowhere.invalid/file.tar.gz", good.url) == good.url
    with pytest.raises(UserError, match=r"nowhere.invalid/file.tar.gz: Failed to resolve"):
        get(cache / "other", "https://nowhere.invalid/file.tar.gz")


def test_wrong_bytes_of_an_earlier_source_are_replaced(cache):
    with serving(bytes(SIZE), part(50_000, reset), status(404)) as bad, serving(CONTENT) as good:
        assert get(cache, bad.url, good.url) == good.url
        assert good.requests == ["bytes=50000-", None]


def test_failure_of_all_sources_is_explained(cache):
    with serving(CONTENT, part(50_000, reset), status(500)) as one, serving(CONTENT, status(403)) as two:
        with pytest.raises(UserError) as caught:
            get(cache, one.url, two.url)
        message = str(caught.value)
        assert f"{one.url}: returns 500 Internal Server Error; abandoned after 3" in message
        assert f"{two.url}: returns 403 Forbidden" in message
        assert "run the same command again, which continues from byte 50000 of 300000" in message
        assert "ARCHIVE=" in message and "make demo" in message
    with serving(CONTENT) as server:
        get(cache, server.url)
        assert server.requests == ["bytes=50000-"]


# ---- Only https ----


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    {
        "https://example.org/x": True,
        "http://127.0.0.1:80/x": True,
        "http://localhost/x": True,
        "http://[::1]/x": True,
        "http://example.org/x": False,
        "http://127.0.0.1.example.org/x": False,
        "http://127.0.0.1@example.org/x": False,
        "http://192.168.0.1/x": False,
        "ftp://example.org/x": False,
        "file:///etc/passwd": False,
        "https:///x": False,
        "https://[x": False,
        "/etc/passwd": False,
    }.items(),
)
def test_only_https_and_loopback_urls_are_allowed(cache, url, is_allowed):
    assert (check_url(url) is None) == is_allowed
    if not is_allowed:
        with pytest.raises(UserError, match=r"is (not https|not a URL .*); change it under urls"):
            get(cache, url)
        assert not cache.exists()


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
def test_no_redirect_from_https_to_http(cache, tmp_path, monkeypatch):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    request = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test"
    request += f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    subprocess.run(request.split(), check=True, capture_output=True)
    with (
        serving(CONTENT) as plain,
        serving(CONTENT, redirect(plain.url), certificate=(certificate, key)) as secure,
    ):
        with pytest.raises(UserError, match=r"certificate verify failed"):
            get(cache, secure.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        with pytest.raises(UserError, match=f"redirects to where {plain.url} is not https"):
            get(cache, secure.url)
        assert plain.requests == []
        secure.script = (redirect("/elsewhere"), well)
        secure.requests.clear()
        assert get(cache, secure.url) == secure.url


# ---- Messages ----


def test_progress_is_logged_at_intervals(cache, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("cifarbench.data.download.PROGRESS_SECONDS", 0.2)
    start = time.monotonic()
    with serving(CONTENT, servers.slowly) as server:
        get(cache, server.url)
    lines = [record.message for record in caplog.records if "MB/s" in record.message]
    assert 2 <= len(lines) <= (time.monotonic() - start) / 0.2 + 1
    assert f"127.0.0.1:{server.server_port}: 0.3 of 0.3 MB, " in lines[-1]


def test_waits_grow_and_follow_retry_after(cache, monkeypatch):
    waits = []
    monkeypatch.setattr(download, "time", SimpleNamespace(sleep=waits.append, monotonic=time.monotonic))
    script = [status(503), status(503), status(503, Retry_After=7), status(503, Retry_After=10**9), well]
    with serving(CONTENT, *script) as server:
        fetch.fetch_file(remote(server.url), cache, RetryPolicy(attempts=5))
    assert waits == [1, 2, 7, 30]


def test_downloads_are_described(cache):
    entry = {"urls": ["https://first.example/x", "https://second.example/x"], "filename": "x.tar.gz"}
    entry |= {"size_bytes": 3_000_000, "sha256": hashlib.sha256(b"right").hexdigest()}
    described = fetch.describe_download(entry, cache)
    assert described == f"x.tar.gz, 3 MB, will be downloaded from first.example into {cache}."
    cache.mkdir(exist_ok=True)
    (cache / "x.tar.gz").write_bytes(b"wrong")
    assert "wrong checksum" in fetch.describe_download(entry, cache, checked=True)
    assert fetch.describe_download(entry, cache) == f"The archive is in {cache}."
