"""Run `python ARGUMENT ... LOG` and append its processor time and peak memory to the file NOTES.

    python benchmarks/process_usage.py NOTES ARGUMENT ... LOG

Snakemake's own benchmarks poll too rarely. Two peaks are recorded: resident memory, which includes mapped files that
the system can drop at any time, and the process's own memory, polled fifty times a second (on Linux).
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

# Runs the job in a process of its own, which is measured.
GUARD = "run_guarded.py"
# Between two polls of a process's memory.
SECONDS = 0.02


def job_name(log: str) -> str:
    """Return a job's name by its log file: `train_network mlp` for `results/<dataset>/logs/train_network/mlp.log`."""
    return log.partition("/logs/")[2].removesuffix(".log").replace("/", " ", 1)


def own_memory(pid: int) -> int:
    """Return the memory of a process that is mapped from no file, in KiB; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^RssAnon:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0


def main() -> int:
    """Run the script, and record its usage if it succeeds."""
    notes, arguments = Path(sys.argv[1]), sys.argv[2:]
    is_guard = Path(arguments[0]).name == GUARD
    process, own, pid = subprocess.Popen([sys.executable, *arguments]), 0, 0
    while not pid:
        time.sleep(SECONDS)
        own = max(own, own_memory(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    code = os.waitstatus_to_exitcode(status)
    if not is_guard and not code:
        # Linux counts kibibytes.
        own_mb, resident_mb = own * 1024 / 1e6, usage.ru_maxrss * 1024 / 1e6
        record = {"job": job_name(arguments[-1]), "processor_seconds": usage.ru_utime + usage.ru_stime}
        with open(notes, "a") as file:
            file.write(json.dumps(record | {"own_mb": own_mb, "resident_mb": resident_mb}) + "\n")
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
