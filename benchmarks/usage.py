"""A `python` that notes what the system says its command took: processor time and memory.

    python benchmarks/usage.py NOTES SCRIPT ARGUMENT ...

Snakemake's own benchmarks look at a job twice a second for its first fifteen seconds and every thirty seconds after
that: of a job of 40 seconds they miss half the time, and whatever memory it takes in between.

Memory is noted twice: the largest that was resident, as the system counts it, which has in it what is mapped from
files and could be dropped at any time; and what is the process's own, looked at fifty times a second (on Linux).
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

# Only starts another.
GUARD = "guard_model.py"
# Between two looks at a process's memory.
SECONDS = 0.02


def name_of(arguments: list[str]) -> str | None:
    """The job's: its script, and the first file below `results/<dataset>` that it is to make."""
    for argument in arguments[1:]:
        found = re.match(r"results/[^/]+/(.*?)(\.\w+)?$", argument)
        if found and not Path(argument).exists():
            return f"{Path(arguments[0]).stem} {found[1]}"
    return None


def own_memory(pid: int) -> int:
    """What a process has in memory that is mapped from no file, in KiB; 0 where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^RssAnon:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0


def main() -> int:
    """Run the command, and note what it took if it went well."""
    notes, arguments = Path(sys.argv[1]), sys.argv[2:]
    name = name_of(arguments) if Path(arguments[0]).name != GUARD else None
    start = time.monotonic()
    process, own, pid = subprocess.Popen([sys.executable, *arguments]), 0, 0
    while not pid:
        time.sleep(SECONDS)
        own = max(own, own_memory(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    code = os.waitstatus_to_exitcode(status)
    if name and not code:
        found = {
            "job": name,
            "seconds": time.monotonic() - start,
            "processor_seconds": usage.ru_utime + usage.ru_stime,
            # Linux counts kibibytes.
            "resident_mb": usage.ru_maxrss * 1024 / 1e6,
            "own_mb": own * 1024 / 1e6,
        }
        with open(notes, "a") as file:
            file.write(json.dumps(found) + "\n")
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
