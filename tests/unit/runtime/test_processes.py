"""Jobs that end with their parent run, and removal of abandoned locks."""

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


def start(code: str, **environment: str) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)} | environment
    return subprocess.Popen([sys.executable, "-c", code], env=environment)


def kill_process(process: subprocess.Popen) -> int:
    """Kill a process and return its id."""
    process.kill()
    process.wait()
    return process.pid


def parent_environment(starter: subprocess.Popen) -> dict[str, str]:
    return {processes.PARENT_PID_VARIABLE: f"{starter.pid} {processes._pid_namespace()}"}


@pytest.fixture
def starter():
    process = start(SLEEPER)
    yield process
    kill_process(process)


def test_job_that_starts_after_its_parent_ended_ends(starter):
    starter.kill()
    while psutil.Process(starter.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert start(JOB, **parent_environment(starter)).wait(10) == 1


@pytest.mark.parametrize("inherited", ["", "1 pid:[from outside the container]"])
def test_job_that_cannot_see_its_parent_continues(inherited):
    job = start(JOB, **{processes.PARENT_PID_VARIABLE: inherited})
    with pytest.raises(subprocess.TimeoutExpired):
        job.wait(1)
    kill_process(job)


def test_jobs_inherit_the_id_of_their_parent(monkeypatch):
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
    ids=["ended run", "other program with its id", "running run"],
)
def test_locks_of_ended_runs_are_removed(tmp_path, starter, alive, program, stay):
    pid = starter.pid if alive else kill_process(starter)
    folder = locks(tmp_path / "locks", host=socket.gethostname(), pid=pid)
    assert processes.remove_stale_locks(folder, program) == (not stay)
    assert folder.exists() == stay


def test_locks_of_two_runs_stay_while_one_is_running(tmp_path, starter):
    gone = start(SLEEPER)
    for pid in (starter.pid, kill_process(gone)):
        folder = locks(tmp_path / "locks", host=socket.gethostname(), pid=pid)
    assert not processes.remove_stale_locks(folder, "python")
    kill_process(starter)
    assert processes.remove_stale_locks(folder, "python")


def test_locks_of_another_machine_or_without_owner_stay(tmp_path, starter):
    gone = kill_process(starter)
    assert not processes.remove_stale_locks(locks(tmp_path / "a", host="elsewhere", pid=gone), "python")
    assert not processes.remove_stale_locks(locks(tmp_path / "b"), "python")
    torn = locks(tmp_path / "c")
    (torn / "1.owner").write_text('{"host": "')
    assert not processes.remove_stale_locks(torn, "python")
    assert not processes.remove_stale_locks(tmp_path / "none", "python")


def test_the_owner_of_a_lock_is_this_process(tmp_path):
    folder = locks(tmp_path / "locks")
    processes.write_lock_owner(folder)
    assert json.loads((folder / f"{os.getpid()}.owner").read_text())["pid"] == os.getpid()
    assert not processes.remove_stale_locks(folder, "python")
    processes.write_lock_owner(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_read_only_folder_is_named(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir(mode=0o555)
    refused = pytest.raises(UserError, match=rf"The folder {folder} is not writable .*directory")
    with ordinary_user(folder), refused:
        processes.check_writable(folder / ".snakemake")
    processes.check_writable(tmp_path / "other/.snakemake")
    assert not [*(tmp_path / "other/.snakemake").iterdir()]
