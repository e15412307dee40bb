"""The profile for any scheduler with a submit command, used with sbatch, and its status script."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.project import CHECKOUT
from helpers.study import NETWORKS

STATUS = CHECKOUT / "workflow/profiles/cluster-generic/status.py"


def status(job: str, path: str = os.environ["PATH"]) -> str:
    command = [sys.executable, str(STATUS), job]
    answer = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def test_the_status_of_slurms_jobs(slurm):
    def submit(script: str) -> str:
        return slurm.ask("sbatch", "--parsable", "--mem=10", "--output=/dev/null", f"--wrap={script}").strip()

    ends = {submit("true"): "success", submit("exit 3"): "failed"}
    cancelled, waits = submit("sleep 60"), submit("sleep 60")
    assert status(waits) == "running"
    slurm.ask("scancel", cancelled)
    ends[cancelled] = "failed"
    # Slurm has no record of this id, as of old jobs.
    ends["999999"] = "failed"
    end = time.monotonic() + 30
    while {job: status(job) for job in ends} != ends and time.monotonic() < end:
        time.sleep(0.5)
    assert {job: status(job) for job in ends} == ends
    slurm.ask("scancel", waits)


def test_results_by_sbatch_equal_local_results(slurm, away, expected):
    away["generic"].finish()
    study = away["generic"].study
    jobs = {job["JobName"]: job for job in slurm.jobs(study.folder)}
    assert {job["JobState"] for job in jobs.values()} == {"COMPLETED"}
    assert [name for name, job in jobs.items() if job.get("TresPerJob") == "gres:gpu:1"] == ["train_network"]
    found = study.outputs()
    for model in ("knn_grid", NETWORKS[0]):
        name = f"models/{model}/predictions.npz"
        assert found[name] == expected[name]


# Output of other schedulers according to their manuals, and of a Slurm that cannot be reached.
ANSWERS = {
    ("scontrol", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"): "running",
    ("bjobs", "PEND"): "running",
    ("bjobs", "RUN"): "running",
    ("bjobs", "DONE"): "success",
    ("bjobs", "EXIT"): "failed",
    ("bjobs", "Job <7> is not found"): "failed",
    ("bjobs", "LSF is down. Please wait ..."): "running",
    ("qstat", "Job Id: 7.server\\n    job_state = Q"): "running",
    ("qstat", "Job Id: 7.server\\n    job_state = R"): "running",
    ("qstat", "Job Id: 7.server\\n    job_state = F\\n    Exit_status = 0"): "success",
    ("qstat", "Job Id: 7.server\\n    job_state = F\\n    Exit_status = 271"): "failed",
    ("qstat", "Job Id: 7.server\\n    job_state = F"): "failed",
    ("qstat", "qstat: Unknown Job Id 7.server"): "failed",
    ("qstat", "Connection refused"): "running",
}


def program(folder: Path, name: str, prints: str, code: int = 0) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\nprintf '{prints}\\n'\nexit {code:d}\n")
    file.chmod(0o755)


@pytest.mark.parametrize(("command", "prints"), ANSWERS)
def test_the_status_of_other_schedulers_jobs(tmp_path, command, prints):
    program(tmp_path, command, prints)
    assert status("7", path=str(tmp_path)) == ANSWERS[command, prints]


@pytest.mark.parametrize(
    ("queued", "accounts", "answer"),
    [
        (True, None, "running"),
        (False, None, "running"),
        (False, "failed       0\\nexit_status  0", "success"),
        (False, "failed       0\\nexit_status  1", "failed"),
        (False, "failed       37  : qmaster enforced h_rt\\nexit_status  0", "failed"),
    ],
)
def test_the_status_of_sges_jobs(tmp_path, queued, accounts, answer):
    program(tmp_path, "qstat", "job_number: 7" if queued else "Following jobs do not exist", not queued)
    program(tmp_path, "qacct", accounts or "error: job id 7 not found", accounts is None)
    assert status("7", path=str(tmp_path)) == answer
