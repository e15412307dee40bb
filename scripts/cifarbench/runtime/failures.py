"""Record the failure of a model in place of each of its files, so that the other models are still compared."""

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

# What a record begins with, and no other file of the workflow does.
FAILURE_PREFIX = '{"failed": '
MAX_BYTES = 4096
MAX_PARALLEL_READS = 16


@dataclass(frozen=True)
class Failure:
    """Why a file is not there.

    failed: the model or the features that it belongs to. step: the rule that failed. reason: in a sentence. log: the
    file in which the job says more.
    """

    failed: str
    step: str
    reason: str
    log: str = ""

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The record that stands in place of a file; None where the file itself is."""
        with open(path, "rb") as file:
            if file.read(len(FAILURE_PREFIX)) != FAILURE_PREFIX.encode():
                return None
        return cls.parse(path.read_bytes())

    @classmethod
    def parse(cls, content: bytes) -> Self | None:
        """The record that some content is; None if it is anything else."""
        return cls(**json.loads(content)) if content.startswith(FAILURE_PREFIX.encode()) else None

    def __str__(self) -> str:
        return f"{self.failed} failed in {self.step}: {self.reason}"

    def write(self, path: Path) -> None:
        """Put the record in place of a file."""
        text = json.dumps(asdict(self))
        if len(text.encode()) >= MAX_BYTES:
            text = json.dumps(asdict(replace(self, reason=self.reason[:500] + " ...")))
        write_text(path, text + "\n")


def find_failure(paths: list[Path]) -> Failure | None:
    """The first record among files; None if all of them are what they should be."""
    return next((failure for path in paths if path.is_file() and (failure := Failure.read(path))), None)


def clear_failures(paths: Iterable[Path]) -> list[Failure]:
    """Remove each record that stands in place of one of these files, so that they are made again; what they said."""
    found: dict[Failure, None] = {}
    for path in paths:
        # No record is longer than a block.
        if path.is_file() and path.stat().st_size <= MAX_BYTES and (failure := Failure.read(path)):
            path.unlink()
            found[failure] = None
    return list(found)


def clear_failure_objects(bucket: S3Store, names: set[str]) -> list[Failure]:
    """The same for objects of these names."""
    small = [name for name in bucket.list_files(MAX_BYTES) if name in names]
    # Each is a question to a server.
    with ThreadPoolExecutor(MAX_PARALLEL_READS) as pool:
        records = {
            name: failure
            for name, content in zip(small, pool.map(bucket.read, small), strict=True)
            if (failure := Failure.parse(content))
        }
    for name in records:
        bucket.remove(name)
    return list(dict.fromkeys(records.values()))


def record_error(score: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `score` returns, or {"error": reason} if it raises, as GridSearchCV's error_score=nan does.

    A user's mistake and an error of the disk are raised: they are not the fault of a parameter setting.
    """
    try:
        return score()
    except (UserError, OSError):
        raise
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}".strip().removesuffix(":").partition("\n")[0]}
