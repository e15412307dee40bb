"""Describe a network's learning curve in figures."""

from pathlib import Path

from cifarbench.evaluation.learning import describe, read_history
from cifarbench.study.command import run
from cifarbench.study.files import write_json


def main(history: Path, learning: Path) -> None:
    """Read history.csv, write learning.json."""
    write_json(learning, describe(read_history(history)))


if __name__ == "__main__":
    run(main)
