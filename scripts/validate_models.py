"""Build every model and all features of a configuration that only building can check."""

import contextlib
import json
import sys

from cifarbench.config.build_checks import build_errors
from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.planning.experiment import Experiment
from cifarbench.runtime.processes import exit_with_parent


def main() -> None:
    """Read a checked configuration on standard input and print one sentence for each mistake."""
    exit_with_parent()
    # A user's module may print, too.
    with contextlib.redirect_stdout(sys.stderr):
        errors = build_errors(Experiment(json.load(sys.stdin), FAMILIES, FEATURE_TYPES))
    print("\n".join(errors))
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
