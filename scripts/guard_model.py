"""Run a job of a model so that its failure is put on record, and not the end of everybody's comparison."""

import argparse
import ctypes
import re
import signal
import subprocess
import sys
from pathlib import Path

from cifarbench.study.failures import UNEXPECTED, Failure, first_failure
from cifarbench.study.running import become_starter, end_with_starter

# Python's last word on an error, such as `ValueError: no such thing`.
ERROR = re.compile(r"^(?:[\w.]+\.)?([A-Z]\w+(?:: .*)?)$")
# Of Linux's prctl: the signal that a process gets when its parent ends.
PR_SET_PDEATHSIG = 1
# Ends that a process does not choose: out of memory, most of all.
KILLED = (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)


def main() -> int:
    """Run the command after `--`. If it fails by itself, write a record of that in place of each output.

    So does a record among the inputs. What comes after reads the record, and the run's end tells of it. A user's
    mistake, a full disk and an interruption remain failures of the job; a kill does, too, while it will be tried again.
    """
    end_with_starter()
    # The job's own watch is on this process, which goes when Snakemake goes.
    become_starter()
    options, command = _arguments()
    failure = first_failure(options.inputs)
    if failure is None:
        code = subprocess.call(command, preexec_fn=_end_with_parent)
        if code == UNEXPECTED:
            failure = Failure(options.of, options.step, _last_error(options.log), str(options.log))
        elif -code in KILLED and not options.tries_left:
            reason = f"it was killed by {signal.Signals(-code).name}"
            reason += ", most likely for want of memory" * (-code == signal.SIGKILL)
            failure = Failure(options.of, options.step, reason, str(options.log))
        else:
            return code if code >= 0 else 128 - code
        # Into the log. The terminal belongs to Snakemake, which finds the record.
        print(failure, file=sys.stderr, flush=True)
    for path in options.outputs:
        failure.write(path)
    return 0


def _end_with_parent() -> None:
    """Have the system end this process with its parent; elsewhere than on Linux, its own watch does within a second."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", required=True, help="the model or the features that the job belongs to")
    parser.add_argument("--step", required=True, help="the rule")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--tries-left", type=int, default=0, help="how often it will be tried again")
    parser.add_argument("--inputs", type=Path, nargs="*", default=[])
    parser.add_argument("--outputs", type=Path, nargs="+", required=True)
    end = sys.argv.index("--")
    return parser.parse_args(sys.argv[1:end]), sys.argv[end + 1 :]


def _last_error(log: Path) -> str:
    """The error that ended the job, from the end of its log."""
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    found = next((match[1] for line in reversed(lines) if (match := ERROR.match(line))), None)
    return found or "it ended with an error that its log does not name"


if __name__ == "__main__":
    sys.exit(main())
