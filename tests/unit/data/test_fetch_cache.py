"""The cache of downloads: shared by runs, checked, resumable, with clear errors."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cifarbench.data.fetch import cache_dir, fetch_dataset
from cifarbench.errors import UserError
from helpers import servers
from helpers.fetching import CONTENT, QUICK, SIZE, get, leave_partial, remote
from helpers.jobs import describe_job
from helpers.nobody import ordinary_user
from helpers.servers import serving

SCRIPTS = Path(__file__).parents[3] / "scripts"
COMMAND = [sys.executable, SCRIPTS / "run_job.py", SCRIPTS / "download_dataset.py", "log"]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache"


def test_cached_file_is_not_downloaded_again(cache):
    with serving(CONTENT) as server:
        get(cache, server.url)
        assert get(cache, server.url) == "cache"
        assert len(server.requests) == 1


def test_wrong_file_is_set_aside(cache):
    cache.mkdir()
    (cache / "file.tar.gz").write_bytes(b"mine")
    with serving(CONTENT) as server:
        get(cache, server.url)
    (aside,) = (cache / ".set-aside").iterdir()
    assert aside.read_bytes() == b"mine"


@pytest.mark.parametrize("surplus", [0, 1])
def test_partial_file_of_a_run_killed_before_the_check(cache, surplus):
    leave_partial(cache, CONTENT + bytes(surplus))
    with serving(CONTENT) as server:
        get(cache, server.url)
        assert server.sent == (SIZE if surplus else 0)


def test_simultaneous_runs_download_once(cache):
    with serving(CONTENT, servers.slowly) as server:
        runs = [_start_script(cache, server.url, cache.parent / f"receipt_{run}.json") for run in range(2)]
        said = [run.communicate(timeout=30)[1] for run in runs]
        assert [run.returncode for run in runs] == [0, 0]
        assert server.sent == SIZE
    waiting = "another run is downloading the same file; waiting for it"
    assert sorted(waiting in text for text in said) == [False, True]


def test_download_of_a_killed_run_is_continued(cache):
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
        assert server.sent <= SIZE + 5 * servers.PIECE
    receipt = json.loads((cache.parent / "receipt.json").read_text())
    assert receipt["source"] == server.url
    assert receipt["sha256"] == remote().sha256
    assert receipt["bytes"] == SIZE


@pytest.mark.parametrize("is_folder", [True, False])
def test_unusable_cache_folders_are_reported(cache, is_folder):
    cache.mkdir(mode=0o555) if is_folder else cache.write_bytes(b"")
    reason = "Permission denied" if is_folder else "File exists|Not a directory"
    refused = pytest.raises(UserError, match=rf"{cache} can't be used \(({reason})\); name another folder")
    with serving(CONTENT) as server, ordinary_user(cache), refused:
        get(cache, server.url)


def test_read_only_cache_with_the_file(cache):
    cache.mkdir()
    (cache / "file.tar.gz").write_bytes(CONTENT)
    cache.chmod(0o555)
    with serving(CONTENT) as server, ordinary_user(cache):
        assert get(cache, server.url) == "cache"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disks_are_reported(cache):
    partial = leave_partial(cache, b"")
    partial.unlink()
    partial.symlink_to("/dev/full")
    refused = pytest.raises(UserError, match=r"is full \(No space left on device\); make room")
    with serving(CONTENT) as server, refused:
        get(cache, server.url)


def test_too_little_free_space_is_reported(cache):
    with serving(CONTENT) as server:
        with pytest.raises(UserError, match=r"is full \(1000000000000000000 bytes are needed\); make room"):
            get(cache, server.url, size=10**18)
        assert server.requests == []


def test_all_files_of_a_dataset_are_downloaded(cache):
    files = {"file.tar.gz": {"size_bytes": SIZE, "sha256": remote().sha256}}
    entry = {"type": "fashion_mnist", "files": files}
    with serving(CONTENT) as server:
        folder = server.url.removesuffix("/file.tar.gz")
        found = fetch_dataset(entry | {"urls": [f"{folder}/"]}, cache, QUICK)
        assert found == (cache / "fashion_mnist", folder)
    assert (cache / "fashion_mnist" / "file.tar.gz").read_bytes() == CONTENT


def test_default_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir().is_relative_to(tmp_path)


def test_local_archive_is_not_downloaded(tmp_path):
    archive = tmp_path / "mine.tar.gz"
    archive.write_bytes(CONTENT)
    receipt = tmp_path / "receipt.json"

    def fetch_archive(sha256):
        settings, origin = {"type": "cifar10", "sha256": sha256}, {"archive": archive}
        job = describe_job({}, {"receipt": receipt}, settings, origin=origin, cache="")
        return subprocess.run(COMMAND, input=job, capture_output=True, text=True)

    done = fetch_archive("0" * 64)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "SHA256=" in done.stderr
    assert not receipt.exists()
    assert fetch_archive(remote().sha256).returncode == 0
    assert json.loads(receipt.read_text())["path"] == str(archive)


def _start_script(cache, url, receipt):
    origin = {"filename": "file.tar.gz", "size_bytes": SIZE, "urls": [url]}
    settings = {"type": "cifar10", "sha256": remote().sha256}
    job = describe_job({}, {"receipt": receipt}, settings, origin=origin, cache=cache)
    pipes = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.PIPE)
    process = subprocess.Popen(COMMAND, text=True, **pipes)
    process.stdin.write(job)
    process.stdin.close()
    process.stdin = None
    return process


def _wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
