"""Run the job of a model or of features, and record a failure if a signal ends it."""

import ctypes
import signal
import subprocess
import sys

from cifarbench.runtime import reuse
from cifarbench.runtime.failures import find_failure
from cifarbench.runtime.job import Job
from cifarbench.runtime.processes import exit_with_parent, set_parent_watch

# Linux's prctl option: the signal that a process gets when its parent ends.
PR_SET_PDEATHSIG = 1
# Signals of crashes, and of the system when memory runs out.
FATAL = (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)


def main(*arguments: str) -> int:
    """Run `python *arguments`, which end with the log file, and return its exit code.

    If an input of the job is a record of a failure, pass it on to the outputs and run nothing. A user's mistake, a full
    disk and an interruption remain failures of the job; so does a signal while the job will be tried again.
    """
    exit_with_parent()
    # The job watches this process, which ends when Snakemake ends.
    set_parent_watch()
    text = sys.stdin.read()
    job = Job.parse(text, log=arguments[-1])
    if failure := find_failure(job.inputs):
        job.pass_on(failure)
        return 0
    # Before the script imports its libraries.
    if reuse.copy_equal_results(job):
        return 0
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, text=True, preexec_fn=_end_with_parent
    )
    process.communicate(text)
    code = process.returncode
    if -code in FATAL and not job.tries_left:
        reason = f"it was killed by {signal.Signals(-code).name}"
        job.fail(reason + ", most likely because memory ran out" * (-code == signal.SIGKILL))
        return 0
    return code if code >= 0 else 128 - code


def _end_with_parent() -> None:
    """Have Linux end this process with its parent; elsewhere the process's own watch does so within a second."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
