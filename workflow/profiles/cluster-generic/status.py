#!/usr/bin/env python3
"""Print whether a cluster's job is running, success or failed, for Snakemake's executor cluster-generic.

The scheduler is the one whose commands are installed. A waiting job counts as running, and so does any job while the
scheduler does not respond, since Snakemake will query it again. A job that the scheduler does not know has failed.
"""

import re
import shutil
import subprocess
import sys


def query(*command: str) -> tuple[bool, str]:
    """Run a command; return whether it succeeded, and its output."""
    try:
        result = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60
        )
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return False, ""
    return result.returncode == 0, result.stdout


def slurm(job: str) -> str:
    """Query the controller, which forgets a job minutes after its end; then the database, if there is one."""
    _, record = query("scontrol", "show", "job", job)
    state = re.search(r"JobState=(\w+)", record)
    if state is None and "Invalid job id" in record:
        is_known, states = query("sacct", "--allocations", "--noheader", "--format=State", f"--jobs={job}")
        state = re.match(r"\s*(\w+)", states) if is_known else None
        if state is None:
            return "failed"
    if state is None or state[1] in {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED"}:
        return "running"
    return "success" if state[1] == "COMPLETED" else "failed"


def lsf(job: str) -> str:
    """Query the state, which is DONE or EXIT after the end."""
    _, state = query("bjobs", "-noheader", "-o", "stat", job)
    if state.strip() == "DONE":
        return "success"
    return "failed" if state.strip() == "EXIT" or "is not found" in state else "running"


def pbs(job: str) -> str:
    """Query the state, which is F after the end; a job that never ran has no exit status."""
    _, record = query("qstat", "-x", "-f", job)
    if re.search(r"job_state = F", record):
        return "success" if re.search(r"Exit_status = 0\b", record) else "failed"
    return "failed" if "Unknown Job Id" in record else "running"


def sge(job: str) -> str:
    """Query the queue, then the accounts, which list an ended job after a moment."""
    is_queued, _ = query("qstat", "-j", job)
    ended, record = query("qacct", "-j", job)
    if is_queued or not ended:
        return "running"
    return (
        "success" if set(re.findall(r"^(?:failed|exit_status)\s+(\d+)", record, re.M)) == {"0"} else "failed"
    )


# Command -> scheduler; qstat is last, since SGE has it, too.
SCHEDULERS = {"scontrol": slurm, "bjobs": lsf, "qacct": sge, "qstat": pbs}

if __name__ == "__main__":
    schedulers = [status for command, status in SCHEDULERS.items() if shutil.which(command)]
    if not schedulers:
        sys.exit(
            f"None of {', '.join(SCHEDULERS)} is installed; run Snakemake on a machine where jobs are submitted."
        )
    print(schedulers[0](sys.argv[1]))
