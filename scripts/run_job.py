"""Run the job of a rule: `python run_job.py SCRIPT LOG`, with the job as JSON on standard input.

SCRIPT has a function `main`, which gets the job. LOG is the file to which the rule redirects standard error.
"""

import sys
from importlib import import_module
from pathlib import Path

from cifarbench.errors import exit_on_user_errors
from cifarbench.runtime.job import run

if __name__ == "__main__":
    script, log = sys.argv[1:]
    # A script that was fetched alone is not in this folder.
    sys.path.insert(0, str(Path(script).parent))
    with exit_on_user_errors():
        main = import_module(Path(script).stem).main
    run(main, log)
