"""Runs with their results on a real S3-compatible server: equality with local runs, resumption, and error messages."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

import pytest

from cifarbench.errors import UserError
from cifarbench.io.object_store import S3Store
from cifarbench.models.networks.checkpoints import Checkpoints
from cifarbench.runtime.failures import Failure, clear_failure_objects
from helpers.seaweed import Seaweed, why_not
from helpers.study import NETWORK, RESULTS, Study

PREFIX = "s3://results/of/tests"
PROFILE = ["--workflow-profile", "workflow/profiles/s3", "--cores", "2", "--storage-s3-retries", "1"]
WAIT = 120
# Two models are enough: a k-NN model and a network.
MODELS = ["knn_pca", NETWORK]
FEW = {"seeds": [0], "audit": False, "compare": MODELS, "features": {"pca": {"n_components": 8}}}
TARGETS = [
    f"{RESULTS}/models/{model}/{name}" for model in MODELS for name in ("predictions.npz", "metrics.json")
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    if reason := why_not():
        pytest.skip(reason)
    found = Seaweed(tmp_path_factory.mktemp("seaweed"))
    found.start()
    yield found
    found.stop()


@pytest.fixture
def bucket(server: Seaweed, monkeypatch) -> S3Store:
    server.use(monkeypatch)
    return S3Store(PREFIX)


@pytest.fixture
def few(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "study", FEW)


def stored(study: Study, *arguments: str, prefix: str = PREFIX) -> list[str]:
    return [*PROFILE, "--default-storage-prefix", prefix, *arguments]


def failed_output(study: Study, *arguments: str) -> str:
    """Run Snakemake, check that it fails without a traceback, and return its output."""
    process = study.start(*arguments)
    assert process.wait(300) != 0
    output = (study.folder / "run.log").read_text()
    assert "Traceback" not in output
    return output


def wait_for_objects(bucket: S3Store, run: subprocess.Popen, study: Study) -> None:
    """Wait until a run has written an object to the bucket."""
    until = time.monotonic() + WAIT
    while not bucket.list_files():
        assert run.poll() is None and time.monotonic() < until, (study.folder / "run.log").read_text()
        time.sleep(0.1)


def test_results_after_a_kill_during_training_equal_local_results(few, bucket, tmp_path):
    local = Study.create(tmp_path / "local", FEW)
    local.run("--cores", "2", *TARGETS)

    run = few.start(*stored(few, *TARGETS))
    wait_for_objects(bucket / f"{RESULTS}/checkpoints/{NETWORK}", run, few)
    run.send_signal(signal.SIGKILL)
    run.wait()
    # The next run starts in another folder, as on another machine, without the local files of the killed run.
    again = Study.create(tmp_path / "another machine", FEW)
    output = again.run(*stored(again))
    assert f"The report is in {bucket}/{RESULTS}/report.html" in output

    log = (bucket / f"{RESULTS}/logs/train_network").read(f"{NETWORK}.log").decode()
    assert int(re.search(r"Training goes on after (\d+) epochs", log)[1]) > 0
    expected = local.outputs()
    assert {f"models/{model}/predictions.npz" for model in MODELS} <= set(expected)
    assert not [name for name, content in expected.items() if bucket.read(f"{RESULTS}/{name}") != content]
    # The finished run is recorded in the bucket, and no results are on the local disk.
    assert [name for name in bucket.list_files() if fnmatch(name, f"{RESULTS}/history/*/metrics.json")]
    assert not (again.folder / "results").exists()
    assert "Nothing to be done" in again.run(*stored(again), log="again.log")


def test_wrong_keys_missing_keys_and_an_unreachable_server_are_refused(few, server, monkeypatch):
    for wrong, message in (
        ({"secret_key": "wrong"}, "The keys may not"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "can't be reached"),
    ):
        for name, value in server.environment(**wrong).items():
            monkeypatch.setenv(name, value)
        output = failed_output(few, *stored(few, *TARGETS))
        (sentence,) = [line for line in output.splitlines() if line.startswith("Error:")]
        assert message in sentence
        (few.folder / "run.log").unlink()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    for name in ("ACCESS_KEY", "SECRET_KEY"):
        monkeypatch.delenv(f"SNAKEMAKE_STORAGE_S3_{name}")
    with pytest.raises(UserError, match="requires keys; set SNAKEMAKE_STORAGE_S3_ACCESS_KEY"):
        S3Store(PREFIX).check_access()


def fill(bucket: S3Store) -> None:
    """Write to a small server until it is full."""
    with pytest.raises(UserError, match="can't store more in s3://results/of/tests"):
        for number in range(40):
            (bucket / "filling").write(str(number), bytes(range(256)) * 2000)
            time.sleep(0.3)


@contextmanager
def small_server(folder: Path, monkeypatch: pytest.MonkeyPatch, **room: int) -> Iterator[S3Store]:
    """Run a server of limited size, and set the environment variables with which it is used."""
    if reason := why_not():
        pytest.skip(reason)
    own = Seaweed(folder, **room)
    own.start()
    try:
        own.use(monkeypatch)
        yield S3Store(PREFIX)
    finally:
        own.stop()


def assert_reports_full_storage(output: str) -> None:
    assert "Traceback" not in output
    (sentence,) = [line for line in output.splitlines() if line.startswith("Error:")]
    assert "can't store more" in sentence


def test_a_full_server_is_reported_in_one_sentence(few, tmp_path, monkeypatch):
    # The server may fill one file only.
    with small_server(tmp_path / "small", monkeypatch, volumes=1, volume_mb=1) as bucket:
        bucket.check_access()
        fill(bucket)
        assert_reports_full_storage(failed_output(few, *stored(few, *TARGETS)))


def test_a_server_filled_during_a_run_is_reported_in_one_sentence(few, tmp_path, monkeypatch):
    with small_server(tmp_path / "small", monkeypatch, volumes=3, volume_mb=1) as bucket:
        run = few.start(*stored(few, *TARGETS))
        wait_for_objects(bucket / f"{RESULTS}/data", run, few)
        fill(bucket)
        assert run.wait(300) != 0
    assert_reports_full_storage((few.folder / "run.log").read_text())

    # With more room, the run continues from the stored objects.
    with small_server(tmp_path / "small", monkeypatch) as bucket:
        assert "source.json" in (bucket / f"{RESULTS}/data").list_files()
        assert "download_dataset" not in few.run(*stored(few, *TARGETS), log="again.log")


def test_checkpoints_and_failure_records_are_stored_as_objects(bucket, tmp_path):
    root = bucket / "unit"
    checkpoints = Checkpoints(str(root), {"seed": 1})
    assert checkpoints.latest(9) is None
    checkpoints.save(3, {"epoch": 3})
    checkpoints.save(9, {"epoch": 5})
    assert Checkpoints(str(root), {"seed": 1}).latest(9)["epoch"] == 5
    assert Checkpoints(str(root), {"seed": 1}).latest(4)["epoch"] == 3
    assert Checkpoints(str(root), {"seed": 2}).latest(9) is None
    checkpoints.store.write("epochs_9.pt", checkpoints.store.read("epochs_9.pt")[:-7])
    assert checkpoints.latest(9)["epoch"] == 3
    assert checkpoints.store.list_files() == ["epochs_3.pt", "epochs_9.pt.aside"]

    failure = Failure("mlp", "train_network", "it ran out of luck")
    failure.write(tmp_path / "record")
    (root / "failed").write("a.json", (tmp_path / "record").read_bytes())
    (root / "failed").write("b.json", b"{}")
    assert clear_failure_objects(root / "failed", {"a.json", "b.json", "c.json"}) == [failure]
    assert (root / "failed").list_files() == ["b.json"]
