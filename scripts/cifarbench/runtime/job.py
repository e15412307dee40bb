"""Run the job of a rule, which Snakemake describes as JSON on standard input."""

import json
import logging
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from cifarbench.errors import exit_on_user_errors
from cifarbench.runtime import reuse
from cifarbench.runtime.failures import Failure
from cifarbench.runtime.processes import exit_with_parent


@dataclass(frozen=True)
class Job:
    """A job as its rule describes it.

    rule: the rule's name.
    input, output: the rule's named files; each a Path, or a list of Paths where the rule names several. In several
        rules, `division` is the split of the subset `part`, none for all images; `best` the best parameters of a grid
        search, if there was one; and features are (N, D), or pixels.
    settings: everything that determines the result besides inputs and code; `chosen` are the parameters that a grid
        search decides, with their keys in it.
    options: values that change no result, such as memory limits and cache folders.
    threads: the number of threads that the job may use.
    code: the fingerprint of the code.
    failure_of: the model or features whose failure is recorded in the outputs instead of ending the run; or None.
    tries_left: the number of times that Snakemake will repeat the job if it fails.
    log: the log file.
    experiment: the experiment's name, "" for the one without a name; None where results are not shared.
    """

    rule: str
    input: SimpleNamespace
    output: SimpleNamespace
    settings: dict[str, Any]
    options: dict[str, Any]
    threads: int
    code: str
    failure_of: str | None
    tries_left: int
    log: str
    experiment: str | None = None

    @property
    def inputs(self) -> list[Path]:
        """All input files."""
        return _all_files(self.input)

    @property
    def outputs(self) -> list[Path]:
        """All output files."""
        return _all_files(self.output)

    @classmethod
    def parse(cls, text: str, log: str) -> Self:
        """Return the job that a JSON text describes."""
        content = json.loads(text)
        for section in ("input", "output"):
            content[section] = SimpleNamespace(
                **{
                    name: Path(files) if isinstance(files, str) else [Path(file) for file in files]
                    for name, files in content[section].items()
                }
            )
        return cls(**content, log=log)

    def fail(self, reason: str) -> None:
        """Write a record of the failure in place of each output."""
        self.pass_on(Failure(self.failure_of or "", self.rule, reason, self.log))

    def pass_on(self, failure: Failure) -> None:
        """Write a failure, of this job or of one before it, in place of each output."""
        # Into the log; Snakemake's process reads the record and prints the failure.
        print(failure, file=sys.stderr, flush=True)
        reuse.forget(self)
        for path in self.outputs:
            failure.write(path)


def _all_files(section: SimpleNamespace) -> list[Path]:
    return [
        file for files in vars(section).values() for file in (files if isinstance(files, list) else [files])
    ]


def run(main: Callable[[Job], None], log: str) -> None:
    """Call `main` with the job that standard input describes.

    Outputs that another experiment has are copied instead. An unexpected error in a job with `failure_of` is recorded
    in its outputs, and elsewhere ends the job with a traceback. A user's mistake or a full disk ends it with one
    sentence. log: the file to which the rule redirects standard error.
    """
    exit_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    job = Job.parse(sys.stdin.read(), log=log)
    try:
        with exit_on_user_errors():
            if not reuse.copy_equal_results(job):
                main(job)
                reuse.record(job)
    except Exception as error:
        traceback.print_exc()
        if job.failure_of is None:
            sys.exit(1)
        message = str(error).strip().partition("\n")[0]
        job.fail(type(error).__name__ + f": {message}" * bool(message))
