"""Fetching from servers that misbehave: the right file or a clear reason, and no byte more than needed."""

import hashlib
import logging
import shutil
import subprocess
import threading
import time
from functools import partial

import pytest

from cifarbench.data import download, fetch
from cifarbench.data.download import RetryPolicy, check_url
from cifarbench.errors import UserError
from helpers import servers
from helpers.fetching import CONTENT, SIZE, get, leave_partial, remote
from helpers.servers import part, redirect, reset, saying, serving, silent, status, well


@pytest.fixture
def cache(tmp_path, monkeypatch):
    # Servers on this machine are asked directly.
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache"


# ---- One source, whose faults pass: it gives the file in the end ----

PASSING = {
    "well": ([well], 0),
    "500, then well": ([status(500), well], 0),
    "503 twice, the first with a time to come back": ([status(503, Retry_After=9), status(503), well], 0),
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
    "length that says too much, then well": (
        [saying(200, CONTENT[: SIZE // 2], Content_Length=SIZE), well],
        0,
    ),
    "in chunks, without a length": ([servers.in_chunks], 0),
    "without a length": ([saying(200)], 0),
    "its own compression as an encoding": ([saying(200, Content_Length=SIZE, Content_Encoding="gzip")], 0),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes(cache, fault):
    script, sent_again = PASSING[fault]
    with serving(CONTENT, *script) as server:
        assert get(cache, server.url) == server.url
        assert len(server.requests) == len(script)
        # What had arrived is not asked for again.
        assert server.sent == SIZE + sent_again


# ---- A source whose faults last: the next one is asked, and the reason is kept ----

RANGE = partial(saying, 206, b"x", Content_Length=1)
LASTING = {
    "403": (status(403), "answers 403 Forbidden"),
    "404": (status(404), "answers 404 Not Found"),
    "410": (status(410), "answers 410 Gone"),
    "500 for ever": (status(500), "answers 500 Internal Server Error; given up after 3 attempts in a row"),
    "503 for ever": (status(503), "answers 503 Service Unavailable; given up after 3"),
    "reset at once": (reset, "Connection reset by peer|Connection aborted"),
    "silent": (silent, "sent nothing for 0.3 s; given up after 3 attempts in a row"),
    "a trickle": (servers.trickle, r"sent only \d+ bytes in 0 s; given up after 3"),
    "a web page": (
        saying(200, b"<p>", Content_Type="text/html", Content_Length=3),
        "answers with a web page",
    ),
    "a length too small": (saying(200, Content_Length=SIZE - 1), "of 299999 bytes instead of 300000"),
    "a length too large": (saying(200, Content_Length=SIZE + 1), "of 300001 bytes instead of 300000"),
    "a length of many digits": (saying(200, Content_Length="9" * 9000), "of 9{30} bytes instead of 300000"),
    "a range of its own": (
        RANGE(Content_Range=f"bytes {SIZE - 1}-{SIZE - 1}/{SIZE}"),
        "sends from byte 299999 on when asked for byte 0",
    ),
    "a range without sense": (RANGE(Content_Range="all of it"), "'all of it', which makes no sense"),
    "a range of many digits": (RANGE(Content_Range=f"bytes {'9' * 9000}-"), "'bytes 9{54}', which makes no"),
    "redirect to itself": (redirect("/file.tar.gz"), "redirects more than 5 times"),
    "redirect to plain http": (
        redirect("http://example.org/x"),
        "to where http://example.org/x is not https",
    ),
    "redirect to a file": (redirect("file:///etc/passwd"), "to where file:///etc/passwd is not https"),
    "redirect to nonsense": (redirect("https://[x"), r"redirects to where https://\[x is no URL"),
    "redirect to nowhere": (redirect("http://127.0.0.1:1/x"), "Connection refused"),
    "no HTTP": (servers.no_http, "BadStatusLine|not a valid|Connection aborted|garbage"),
}


@pytest.mark.parametrize("fault", LASTING)
def test_a_fault_that_lasts(cache, fault, caplog):
    caplog.set_level(logging.INFO)
    behaviour, reason = LASTING[fault]
    with serving(CONTENT, behaviour) as bad, serving(CONTENT) as good:
        with pytest.raises(UserError, match=f"from any of its 1 sources:\n  - {bad.url}: .*({reason})"):
            get(cache, bad.url)
        assert get(cache, bad.url, good.url) == good.url
        # All that the bad one sent well is not sent again by the good one.
        assert good.sent <= SIZE


WRONG = {
    "corrupted at one byte": CONTENT[:-1000] + bytes([CONTENT[-1000] ^ 1]) + CONTENT[-999:],
    "of the right size": bytes(SIZE),
}


@pytest.mark.parametrize("content", WRONG)
@pytest.mark.parametrize("have", [0, 100_000])
def test_a_file_with_wrong_content(cache, content, have):
    with serving(WRONG[content]) as bad, serving(CONTENT) as good:
        leave_partial(cache, CONTENT[:have])
        assert get(cache, bad.url, good.url) == good.url
        with pytest.raises(
            UserError, match=f"sends another file: its sha256 is [0-9a-f]+ instead of {remote().sha256}"
        ):
            get(cache / "other", bad.url)
        assert list((cache / "other").glob("file*")) == []


def test_a_truncated_file(cache):
    with serving(CONTENT[:-1], saying(200)) as bad, serving(CONTENT) as good:
        assert get(cache, bad.url, good.url) == good.url
        assert good.sent == 1


def test_a_source_without_end(cache):
    with serving(CONTENT, servers.endless) as bad, serving(CONTENT) as good:
        assert get(cache, bad.url, good.url) == good.url


def test_a_name_that_does_not_resolve(cache):
    with serving(CONTENT) as good:
        assert get(cache, "https://nowhere.invalid/file.tar.gz", good.url) == good.url
    with pytest.raises(UserError, match=r"nowhere.invalid/file.tar.gz: Failed to resolve"):
        get(cache / "other", "https://nowhere.invalid/file.tar.gz")


def test_an_earlier_source_that_sent_rubbish_does_not_spoil_the_next(cache):
    with serving(bytes(SIZE), part(50_000, reset), status(404)) as bad, serving(CONTENT) as good:
        assert get(cache, bad.url, good.url) == good.url
        # First the rest, then, once the checksum was wrong, everything.
        assert good.requests == ["bytes=50000-", None]


def test_all_sources_failed(cache):
    with serving(CONTENT, part(50_000, reset), status(500)) as one, serving(CONTENT, status(403)) as two:
        with pytest.raises(UserError) as caught:
            get(cache, one.url, two.url)
        message = str(caught.value)
        assert f"{one.url}: answers 500 Internal Server Error; given up after 3 attempts in a row" in message
        assert f"{two.url}: answers 403 Forbidden" in message
        assert "run the same command again, which goes on from byte 50000 of 300000" in message
        assert "ARCHIVE=" in message and "make demo" in message
    with serving(CONTENT) as server:
        get(cache, server.url)
        assert server.requests == ["bytes=50000-"]


# ---- Only https ----


@pytest.mark.parametrize(
    ("url", "fine"),
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
def test_what_counts_as_safe(cache, url, fine):
    assert (check_url(url) is None) == fine
    if not fine:
        with pytest.raises(UserError, match=r"is (not https|no URL .*), which sources must be; change it"):
            get(cache, url)
        assert not cache.exists()


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
def test_a_redirect_never_leads_down_from_https(cache, tmp_path, monkeypatch):
    certificate = tmp_path / "certificate.pem"
    key = tmp_path / "key.pem"
    request = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1"
    )
    request = [*request.split(), "-keyout", key, "-out", certificate]
    subprocess.run(request, check=True, capture_output=True)
    secret = (certificate, key)
    with (
        serving(CONTENT) as plain,
        serving(CONTENT, redirect(plain.url), certificate=secret) as secure,
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


# ---- What one sees ----


def test_the_log_says_how_far_it_is_but_not_too_often(cache, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("cifarbench.data.download.PROGRESS_SECONDS", 0.2)
    start = time.monotonic()
    with serving(CONTENT, servers.slowly) as server:
        get(cache, server.url)
    lines = [record.message for record in caplog.records if "MB/s" in record.message]
    # One for each fifth of a second, and one at the end.
    assert 2 <= len(lines) <= (time.monotonic() - start) / 0.2 + 1
    assert f"127.0.0.1:{server.server_port}: 0.3 of 0.3 MB, " in lines[-1]


def test_the_waits_grow_and_heed_the_server(cache, monkeypatch):
    waits, ours = [], threading.get_ident()

    def sleep(seconds):
        # A server of an earlier test may sleep still.
        if threading.get_ident() == ours:
            waits.append(seconds)

    monkeypatch.setattr(download.time, "sleep", sleep)
    script = [status(503), status(503), status(503, Retry_After=7), status(503, Retry_After=10**9), well]
    with serving(CONTENT, *script) as server:
        fetch.fetch_file(remote(server.url), cache, RetryPolicy(attempts=5))
    assert waits == [1, 2, 7, 30]


def test_what_would_be_fetched_is_said_before(cache):
    entry = {"urls": ["https://first.example/x", "https://second.example/x"], "filename": "x.tar.gz"}
    entry |= {"size_bytes": 3_000_000, "sha256": hashlib.sha256(b"right").hexdigest()}
    said = fetch.describe_download(entry, cache)
    assert said.startswith("x.tar.gz, 3 MB, will be fetched once, first from first.example,")
    cache.mkdir(exist_ok=True)
    (cache / "x.tar.gz").write_bytes(b"wrong")
    assert "another checksum" in fetch.describe_download(entry, cache, checked=True)
    assert fetch.describe_download(entry, cache) == f"The archive is in {cache} already."
