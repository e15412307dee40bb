"""Run the job of a rule: `python run_job.py SCRIPT LOG`, with the job as JSON on standard input.

SCRIPT has a function `main`, which gets the job. LOG is the file to which the rule redirects standard error.
"""

import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from cifarbench.errors import exit_on_user_errors
from cifarbench.runtime.job import run


def load(script: str) -> ModuleType:
    """Return a script as a module. One that Snakemake fetched from git is named such as `script.py@v0.2.0`."""
    module = ModuleType(Path(script).stem)
    module.__file__ = script
    # Classes are pickled by the name of their module.
    sys.modules[module.__name__] = module
    SourceFileLoader(module.__name__, script).exec_module(module)
    return module


if __name__ == "__main__":
    script, log = sys.argv[1:]
    with exit_on_user_errors():
        main = load(script).main
    run(main, log)
