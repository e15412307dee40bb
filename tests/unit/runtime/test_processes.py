"""Jobs end with the run that started them, and only abandoned locks are taken away."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cifarbench.errors import UserError
from cifarbench.runtime import processes
from helpers.nobody import ordinary_user

SLEEPER = "import time; time.sleep(60)"
JOB = "from cifarbench.runtime.processes import exit_with_parent; exit_with_parent(0.05); import time; time.sleep(60)"
SCRIPTS = Path(processes.__file__).parents[2]


def started(code: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(SCRIPTS)} | environment
    )


def ended(process: subprocess.Popen) -> int:
    """A number that no process has any more."""
    process.kill()
    process.wait()
    return process.pid


def started_by(starter: subprocess.Popen) -> dict[str, str]:
    return {processes.PARENT_PID_VARIABLE: f"{starter.pid} {processes._pid_namespace()}"}


@pytest.fixture
def starter():
    process = started(SLEEPER)
    yield process
    ended(process)


def test_a_job_that_comes_too_late_ends_at_once(starter):
    starter.kill()
    while psutil.Process(starter.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert started(JOB, **started_by(starter)).wait(10) == 1


@pytest.mark.parametrize("inherited", ["", "1 pid:[from outside the container]"])
def test_a_job_that_cannot_see_its_starter_goes_on(inherited):
    job = started(JOB, **{processes.PARENT_PID_VARIABLE: inherited})
    with pytest.raises(subprocess.TimeoutExpired):
        job.wait(1)
    ended(job)


def test_jobs_inherit_the_number_of_their_starter(monkeypatch):
    monkeypatch.setenv(processes.PARENT_PID_VARIABLE, "")
    processes.set_parent_watch()
    assert os.environ[processes.PARENT_PID_VARIABLE].split()[0] == str(os.getpid())


def locks(folder: Path, **owner) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "0.input.lock").touch()
    if owner:
        (folder / f"{owner['pid']}.owner").write_text(json.dumps(owner))
    return folder


@pytest.mark.parametrize(
    ("alive", "program", "stay"),
    [(False, "python", False), (True, "snakemake", False), (True, "python", True)],
    ids=["a run that is gone", "another program with its number", "a living run"],
)
def test_locks_are_taken_away_where_their_run_is_gone(tmp_path, starter, alive, program, stay):
    pid = starter.pid if alive else ended(starter)
    folder = locks(tmp_path / "locks", host=socket.gethostname(), pid=pid)
    assert processes.remove_stale_locks(folder, program) == (not stay)
    assert folder.exists() == stay


def test_locks_of_two_runs_stay_while_one_of_them_lives(tmp_path, starter):
    """Two datasets may be worked on in one folder."""
    gone = started(SLEEPER)
    for pid in (starter.pid, ended(gone)):
        folder = locks(tmp_path / "locks", host=socket.gethostname(), pid=pid)
    assert not processes.remove_stale_locks(folder, "python")
    ended(starter)
    assert processes.remove_stale_locks(folder, "python")


def test_locks_of_another_machine_and_of_nobody_stay(tmp_path, starter):
    gone = ended(starter)
    assert not processes.remove_stale_locks(locks(tmp_path / "a", host="elsewhere", pid=gone), "python")
    assert not processes.remove_stale_locks(locks(tmp_path / "b"), "python")
    torn = locks(tmp_path / "c")
    (torn / "1.owner").write_text('{"host": "')
    assert not processes.remove_stale_locks(torn, "python")
    assert not processes.remove_stale_locks(tmp_path / "none", "python")


def test_a_signature_is_that_of_this_process(tmp_path):
    folder = locks(tmp_path / "locks")
    processes.write_lock_owner(folder)
    assert json.loads((folder / f"{os.getpid()}.owner").read_text())["pid"] == os.getpid()
    assert not processes.remove_stale_locks(folder, "python")
    processes.write_lock_owner(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_read_only_folder_is_named(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    folder.chmod(0o555)
    with (
        ordinary_user(folder),
        pytest.raises(UserError, match=rf"The folder {folder} is not writable .*directory"),
    ):
        processes.check_writable(folder / ".snakemake")
    processes.check_writable(tmp_path / "other/.snakemake")
    assert not [*(tmp_path / "other/.snakemake").iterdir()]
