"""Models that fail: a record in place of their files, and everything else as before."""

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
    folder: Path, what: str, inputs: tuple[str, ...] = (), tries_left: int = 0
) -> subprocess.CompletedProcess[str]:
    (folder / "job.py").write_text(JOB)
    job = describe_job(
        {"files": inputs},
        {"one": "a/one", "others": ["two"]},
        {"what": what},
        rule="fit",
        failure_of="own",
        tries_left=tries_left,
    )
    with open(folder / "log", "w") as log:
        return subprocess.run(
            [sys.executable, SCRIPTS / "run_guarded.py", SCRIPTS / "run_job.py", "job.py", "log"],
            input=job,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            check=False,
        )


def records(folder: Path) -> set[Failure | None]:
    return {Failure.read(folder / name) for name in ("a/one", "two") if (folder / name).exists()}


def test_a_job_that_ends_well_is_left_alone(tmp_path: Path) -> None:
    done = guarded(tmp_path, "well")
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
        ("kill", "it was killed by SIGKILL, most likely for want of memory"),
    ],
)
def test_a_model_that_fails_is_put_on_record(tmp_path: Path, what: str, reason: str) -> None:
    done = guarded(tmp_path, what)
    assert done.returncode == 0
    assert records(tmp_path) == {Failure("own", "fit", reason, "log")}
    assert f"own failed in fit: {reason}" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("what", ["mistake", "disk"])
def test_a_mistake_and_a_full_disk_remain_failures_of_the_job(tmp_path: Path, what: str) -> None:
    assert guarded(tmp_path, what).returncode == 1
    assert records(tmp_path) == set()


def test_a_killed_job_that_will_be_tried_again_remains_one(tmp_path: Path) -> None:
    assert guarded(tmp_path, "kill", tries_left=1).returncode == 137
    assert records(tmp_path) == set()


def test_a_record_among_the_inputs_is_handed_on_and_nothing_runs(tmp_path: Path) -> None:
    failure = Failure("edges", "fit_features", "ValueError: x")
    failure.write(tmp_path / "input")
    (tmp_path / "good").write_bytes(b"\x93NUMPY")
    done = guarded(tmp_path, "well", inputs=("good", "input"))
    assert done.returncode == 0
    assert records(tmp_path) == {failure}
    assert not (tmp_path / "ran").exists()
    assert find_failure([tmp_path / "good", tmp_path / "a/one"]) == failure


def test_records_are_taken_away_and_results_stay(tmp_path: Path) -> None:
    failure = Failure("own", "fit", "x" * 10_000)
    failure.write(tmp_path / "a")
    failure.write(tmp_path / "b")
    (tmp_path / "c").write_text("{}")
    found = clear_failures(tmp_path / name for name in "abcd")
    assert [(one.failed, one.step, one.reason[:3]) for one in found] == [("own", "fit", "xxx")]
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
