"""Describe a network's learning curve in figures."""

from pathlib import Path

from cifarbench.command import run
from cifarbench.files import write_json
from cifarbench.learning import describe, read_history


def main(history: Path, learning: Path) -> None:
    """Read history.csv, write learning.json."""
    write_json(learning, describe(read_history(history)))


if __name__ == "__main__":
    run(main)
