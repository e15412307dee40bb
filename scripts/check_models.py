"""Build every model and all features of a configuration that only building can check; a sentence for each fault."""

import contextlib
import sys

from cifarbench.families import FAMILIES, KINDS
from cifarbench.study.command import run
from cifarbench.study.plan import Plan
from cifarbench.study.trial import faults_when_built


def main(config: dict) -> None:
    """config: a configuration that needs no other check any more. The sentences go to standard output."""
    # What a stranger's module prints is no sentence of ours.
    with contextlib.redirect_stdout(sys.stderr):
        faults = faults_when_built(Plan(config, FAMILIES, KINDS))
    print("\n".join(faults))
    sys.exit(bool(faults))


if __name__ == "__main__":
    run(main)
