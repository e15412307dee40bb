"""Models that failed: a record in place of each of their files, so that the others' comparison still comes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from cifarbench.study.files import write_text

# What a record begins with, and no other file of the workflow does.
MARK = '{"failed": '


@dataclass(frozen=True)
class Failure:
    """Why a file is not there.

    failed: the model or the features that it belongs to. step: the rule that failed. reason: in a sentence.
    """

    failed: str
    step: str
    reason: str

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The record that stands in place of a file; None where the file itself is."""
        with open(path, "rb") as file:
            if file.read(len(MARK)) != MARK.encode():
                return None
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path) -> None:
        """Put the record in place of a file."""
        write_text(path, json.dumps(asdict(self)) + "\n")


def first_failure(paths: list[Path]) -> Failure | None:
    """The first record among files; None if all of them are what they should be."""
    return next((failure for path in paths if path.is_file() and (failure := Failure.read(path))), None)
