"""Record the failure of a model in place of each of its files, so that the run can compare the other models."""

import json
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from cifarbench.errors import UserError
from cifarbench.io.atomic import write_text
from cifarbench.io.object_store import S3Store

# Beginning of a record, and of no other file of the workflow.
FAILURE_PREFIX = '{"failed": '
MAX_BYTES = 4096
MAX_PARALLEL_READS = 16


@dataclass(frozen=True)
class Failure:
    """Failure of a job, which is recorded in place of its output files.

    failed: the model or the features. step: the rule that failed. reason: one sentence. log: the log file of the job.
    """

    failed: str
    step: str
    reason: str
    log: str = ""

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the record in place of a file; None for any other file."""
        with open(path, "rb") as file:
            if file.read(len(FAILURE_PREFIX)) != FAILURE_PREFIX.encode():
                return None
        return cls.parse(path.read_bytes())

    @classmethod
    def parse(cls, content: bytes) -> Self | None:
        """Return the record in the content of a file; None for any other content."""
        return cls(**json.loads(content)) if content.startswith(FAILURE_PREFIX.encode()) else None

    def __str__(self) -> str:
        return f"{self.failed} failed in {self.step}: {self.reason}"

    def write(self, path: Path) -> None:
        """Write the record in place of a file."""
        text = json.dumps(asdict(self))
        if len(text.encode()) >= MAX_BYTES:
            text = json.dumps(asdict(replace(self, reason=self.reason[:500] + " ...")))
        write_text(path, text + "\n")


def find_failure(paths: list[Path]) -> Failure | None:
    """Return the first record in place of files; None if there is none."""
    return next((failure for path in paths if path.is_file() and (failure := Failure.read(path))), None)


def clear_failures(paths: Iterable[Path]) -> list[Failure]:
    """Remove the records in place of these files, so that the files are created again, and return the failures."""
    failures: dict[Failure, None] = {}
    for path in paths:
        if path.is_file() and path.stat().st_size <= MAX_BYTES and (failure := Failure.read(path)):
            path.unlink()
            failures[failure] = None
    return list(failures)


def clear_failure_objects(bucket: S3Store, names: set[str]) -> list[Failure]:
    """Remove the records in place of objects of these names, and return the failures."""
    failures: dict[Failure, None] = {}
    small = [name for name in bucket.list_files(MAX_BYTES) if name in names]
    # Each read is a request to the server.
    with ThreadPoolExecutor(MAX_PARALLEL_READS) as pool:
        for name, content in zip(small, pool.map(bucket.read, small), strict=True):
            if failure := Failure.parse(content):
                bucket.remove(name)
                failures[failure] = None
    return list(failures)


def record_error(score: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `score` returns, or {"error": reason} if it raises, as GridSearchCV's error_score=nan does.

    UserError and OSError are raised, since the parameters did not cause them.
    """
    try:
        return score()
    except (UserError, OSError):
        raise
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}".strip().removesuffix(":").partition("\n")[0]}
