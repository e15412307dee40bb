"""The cache that fetched files are kept in: shared, checked, and clear about what it can't do."""

import json
import logging
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import servers
from fetching import CONTENT, QUICK, SIZE, get, leave_partial, remote
from filelock import FileLock
from servers import serving

from cifarbench.data.fetch import fetch_dataset
from cifarbench.study.errors import UserError

SCRIPT = Path(__file__).parents[3] / "scripts" / "fetch_archive.py"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    # Servers on this machine are asked directly.
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache"


def test_what_is_there_is_not_fetched_again(cache):
    with serving(CONTENT) as server:
        get(cache, server.url)
        assert get(cache, server.url) == "cache"
        assert len(server.requests) == 1


def test_a_wrong_file_is_set_aside(cache):
    cache.mkdir()
    (cache / "file.tar.gz").write_bytes(b"mine")
    with serving(CONTENT) as server:
        get(cache, server.url)
    (aside,) = (cache / ".set-aside").iterdir()
    assert aside.read_bytes() == b"mine"


@pytest.mark.parametrize("surplus", [0, 1])
def test_what_a_run_left_that_was_killed_before_the_check(cache, surplus):
    leave_partial(cache, CONTENT + bytes(surplus))
    with serving(CONTENT) as server:
        get(cache, server.url)
        assert server.sent == (SIZE if surplus else 0)


def test_two_runs_at_once_fetch_once(cache):
    with serving(CONTENT, servers.slowly) as server:
        runs = [_start_script(cache, server.url, cache.parent / f"receipt_{run}.json") for run in range(2)]
        for run in runs:
            run.communicate(timeout=30)
        assert [run.returncode for run in runs] == [0, 0]
        assert server.sent == SIZE


def test_a_run_waits_for_another_one_and_says_so(cache, caplog):
    caplog.set_level(logging.INFO)
    cache.mkdir()
    with serving(CONTENT) as server, ThreadPoolExecutor() as pool:
        with FileLock(cache / ".file.tar.gz.lock"):
            run = pool.submit(get, cache, server.url)
            _wait_for(lambda: "another run is fetching the same file; waiting for it" in caplog.messages)
            assert server.requests == []
        assert run.result(timeout=10) == server.url


def test_a_killed_run_is_taken_up_where_it_was(cache):
    with serving(CONTENT, servers.slowly) as server:
        process = _start_script(cache, server.url, cache.parent / "receipt.json")
        _wait_for(lambda: server.sent > 2 * servers.PIECE)
        process.kill()
        process.communicate()
        assert not (cache / "file.tar.gz").exists()
        process = _start_script(cache, server.url, cache.parent / "receipt.json")
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert server.requests[1] is not None
        # At most what was on its way when the run was killed.
        assert server.sent <= SIZE + 5 * servers.PIECE
    receipt = json.loads((cache.parent / "receipt.json").read_text())
    assert receipt["source"] == server.url
    assert receipt["sha256"] == remote().sha256
    assert receipt["bytes"] == SIZE


def test_a_cache_that_is_read_only(cache):
    cache.mkdir(mode=0o555)
    with serving(CONTENT) as server, _as_somebody(cache), pytest.raises(UserError) as caught:
        get(cache, server.url)
    message = f"The cache folder {cache} can't be used (Permission denied); name another folder as cache"
    assert message in str(caught.value)


def test_a_cache_that_is_read_only_but_holds_the_file(cache):
    cache.mkdir()
    (cache / "file.tar.gz").write_bytes(CONTENT)
    cache.chmod(0o555)
    with serving(CONTENT) as server, _as_somebody(cache):
        assert get(cache, server.url) == "cache"


def test_a_cache_that_is_no_folder(tmp_path):
    (tmp_path / "cache").write_bytes(b"")
    with serving(CONTENT) as server, pytest.raises(UserError, match=r"cache can't be used"):
        get(tmp_path / "cache", server.url)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_cache_that_fills_up(cache):
    partial = leave_partial(cache, b"")
    partial.unlink()
    partial.symlink_to("/dev/full")
    with (
        serving(CONTENT) as server,
        pytest.raises(UserError, match=r"is full \(No space left on device\); make room"),
    ):
        get(cache, server.url)


def test_a_cache_with_too_little_room(cache):
    with serving(CONTENT) as server:
        with pytest.raises(UserError, match=r"is full \(1000000000000000000 bytes are needed\); make room"):
            get(cache, server.url, size=10**18)
        assert server.requests == []


def test_a_dataset_of_several_files_has_a_folder(cache):
    entry = {
        "kind": "fashion_mnist",
        "files": {"file.tar.gz": {"bytes": SIZE, "sha256": remote().sha256}},
    }
    with serving(CONTENT) as server:
        folder = server.url.removesuffix("/file.tar.gz")
        found = fetch_dataset(entry | {"sources": [f"{folder}/"]}, cache, QUICK)
        assert found == (cache / "fashion_mnist", folder)
    assert (cache / "fashion_mnist" / "file.tar.gz").read_bytes() == CONTENT


def test_the_users_own_cache_by_default(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with serving(CONTENT) as server:
        entry = {"file": "file.tar.gz", "bytes": SIZE, "sha256": remote().sha256, "sources": [server.url]}
        path, _ = fetch_dataset(entry, None, QUICK)
    assert path.is_relative_to(tmp_path)


def test_an_archive_of_ones_own_is_not_fetched(tmp_path):
    archive = tmp_path / "mine.tar.gz"
    archive.write_bytes(CONTENT)
    receipt = tmp_path / "receipt.json"
    arguments = ["--archive-receipt", receipt, "--origin", json.dumps({"archive": str(archive)})]
    right, wrong = ({"kind": "cifar10", "sha256": sha256} for sha256 in (remote().sha256, "0" * 64))
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments, "--settings", json.dumps(wrong)], capture_output=True, text=True
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr and "SHA256=" in done.stderr
    assert not receipt.exists()
    subprocess.run(
        [sys.executable, SCRIPT, *arguments, "--settings", json.dumps(right)], check=True, capture_output=True
    )
    assert json.loads(receipt.read_text())["path"] == str(archive)


def _start_script(cache, url, receipt, stdout=subprocess.PIPE):
    origin = {"file": "file.tar.gz", "bytes": SIZE, "sources": [url]}
    settings = {"kind": "cifar10", "sha256": remote().sha256}
    arguments = ["--archive-receipt", receipt, "--cache", cache]
    arguments += ["--origin", json.dumps(origin), "--settings", json.dumps(settings)]
    return subprocess.Popen(
        [sys.executable, SCRIPT, *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True
    )


def _wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def _as_somebody(folder):
    """Without a superuser's rights, for whom no folder is read-only."""
    with ExitStack() as stack:
        if os.geteuid() == 0:
            for parent in folder.parents:
                mode = parent.stat().st_mode
                if not mode & 0o001:
                    stack.callback(parent.chmod, mode)
                    parent.chmod(mode | 0o011)
            stack.callback(os.seteuid, 0)
            os.seteuid(65534)
        yield
