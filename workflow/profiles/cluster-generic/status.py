#!/usr/bin/env python3
"""Say of a cluster's job whether it is running, success or failed, as cluster-generic asks.

The scheduler is the one whose commands this machine has. A job that waits counts as running, and so does one whose
scheduler does not answer: it is asked again. A job that the scheduler does not know has failed.
"""

import re
import shutil
import subprocess
import sys


def ask(*command: str) -> tuple[bool, str]:
    """Whether a command succeeds, and all that it prints."""
    try:
        answer = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60
        )
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return False, ""
    return answer.returncode == 0, answer.stdout


def slurm(job: str) -> str:
    """The controller knows a job for minutes after its end, the database, where there is one, for long."""
    _, record = ask("scontrol", "show", "job", job)
    state = re.search(r"JobState=(\w+)", record)
    if state is None and "Invalid job id" in record:
        known, states = ask("sacct", "--allocations", "--noheader", "--format=State", f"--jobs={job}")
        state = re.match(r"\s*(\w+)", states) if known else None
        if state is None:
            return "failed"
    if state is None or state[1] in {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED"}:
        return "running"
    return "success" if state[1] == "COMPLETED" else "failed"


def lsf(job: str) -> str:
    """The state of a job that has ended is DONE or EXIT."""
    _, state = ask("bjobs", "-noheader", "-o", "stat", job)
    if state.strip() == "DONE":
        return "success"
    return "failed" if state.strip() == "EXIT" or "is not found" in state else "running"


def pbs(job: str) -> str:
    """A job that has ended has state F, and an exit status unless it never ran."""
    _, record = ask("qstat", "-x", "-f", job)
    if re.search(r"job_state = F", record):
        return "success" if re.search(r"Exit_status = 0\b", record) else "failed"
    return "failed" if "Unknown Job Id" in record else "running"


def sge(job: str) -> str:
    """A job that has ended is no longer in the queue, and a moment later in the accounts."""
    is_queued, _ = ask("qstat", "-j", job)
    ended, record = ask("qacct", "-j", job)
    if is_queued or not ended:
        return "running"
    return (
        "success" if set(re.findall(r"^(?:failed|exit_status)\s+(\d+)", record, re.M)) == {"0"} else "failed"
    )


# By the command that only this scheduler has. Both SGE and PBS have qstat.
SCHEDULERS = {"scontrol": slurm, "bjobs": lsf, "qacct": sge, "qstat": pbs}

if __name__ == "__main__":
    found = [status for command, status in SCHEDULERS.items() if shutil.which(command)]
    if not found:
        sys.exit(f"None of {', '.join(SCHEDULERS)} is here: run Snakemake where jobs are submitted.")
    print(found[0](sys.argv[1]))
