"""Failures of models, recorded in place of their files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cifarbench.runtime.failures import Failure, clear_failures, find_failure
from helpers.jobs import describe_job

SCRIPTS = Path(__file__).parents[3] / "scripts"
JOB = """
import os
import signal

from cifarbench.runtime.job import Job
from cifarbench.errors import UserError


def main(job: Job) -> None:
    match job.settings["what"]:
        case "raise":
            raise ValueError("no such\\nthing")
        case "memory":
            raise MemoryError("37 GB")
        case "missing":
            raise FileNotFoundError(2, "No such file", "here")
        case "mistake":
            raise UserError("epochs is -1; it must be more.")
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "disk":
            raise OSError(28, "No space left on device", "here")
    open("ran", "w").close()
"""


def guarded(
    folder: Path, what: str, inputs: tuple[str, ...] = (), tries_left: int = 0, script: str = "job.py"
):
    (folder / script).write_text(JOB)
    outputs, options = {"one": "a/one", "others": ["two"]}, {"failure_of": "own", "tries_left": tries_left}
    job = describe_job({"files": inputs}, outputs, {"what": what}, rule="fit", **options)
    command = [sys.executable, SCRIPTS / "run_guarded.py", SCRIPTS / "run_job.py", script, "log"]
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    with open(folder / "log", "w") as log:
        pipes = {"stdout": subprocess.PIPE, "stderr": log}
        return subprocess.run(command, input=job, cwd=folder, env=environment, text=True, **pipes)


def records(folder: Path) -> set[Failure | None]:
    return {Failure.read(folder / name) for name in ("a/one", "two") if (folder / name).exists()}


@pytest.mark.parametrize("script", ["job.py", "job.py@v0.2.0"])
def test_successful_job_has_no_record(script: str, tmp_path: Path) -> None:
    """Run a local script, and one that Snakemake fetched from git."""
    done = guarded(tmp_path, "well", script=script)
    assert done.returncode == 0
    assert done.stdout == ""
    assert (tmp_path / "ran").exists()
    assert records(tmp_path) == set()


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("raise", "ValueError: no such"),
        ("memory", "MemoryError: 37 GB"),
        ("missing", "FileNotFoundError: [Errno 2] No such file: 'here'"),
        ("kill", "it was killed by SIGKILL, most likely because memory ran out"),
    ],
)
def test_failure_is_recorded(tmp_path: Path, what: str, reason: str) -> None:
    done = guarded(tmp_path, what)
    assert done.returncode == 0
    assert records(tmp_path) == {Failure("own", "fit", reason, "log")}
    assert f"own failed in fit: {reason}" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("what", ["mistake", "disk"])
def test_user_errors_and_a_full_disk_end_the_job(tmp_path: Path, what: str) -> None:
    assert guarded(tmp_path, what).returncode == 1
    assert records(tmp_path) == set()


def test_killed_job_that_will_be_repeated_fails(tmp_path: Path) -> None:
    assert guarded(tmp_path, "kill", tries_left=1).returncode == 137
    assert records(tmp_path) == set()


def test_record_among_the_inputs_is_copied_to_the_outputs(tmp_path: Path) -> None:
    failure = Failure("edges", "fit_features", "ValueError: x")
    failure.write(tmp_path / "input")
    (tmp_path / "good").write_bytes(b"\x93NUMPY")
    done = guarded(tmp_path, "well", inputs=("good", "input"))
    assert done.returncode == 0
    assert records(tmp_path) == {failure}
    assert not (tmp_path / "ran").exists()
    assert find_failure([tmp_path / "good", tmp_path / "a/one"]) == failure


def test_clear_failures_removes_records_only(tmp_path: Path) -> None:
    failure = Failure("own", "fit", "x" * 10_000)
    failure.write(tmp_path / "a")
    failure.write(tmp_path / "b")
    (tmp_path / "c").write_text("{}")
    found = clear_failures(tmp_path / name for name in "abcd")
    assert [(one.failed, one.step, one.reason[:3]) for one in found] == [("own", "fit", "xxx")]
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
