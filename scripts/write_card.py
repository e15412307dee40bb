"""Write the card of an exported model."""

from pathlib import Path

from cifarbench.export.card import card, commit_of
from cifarbench.export.winner import read_run
from cifarbench.study.command import run
from cifarbench.study.files import read_json, write_text
from cifarbench.study.stored import Stored


def main(folder: Path, model: str, parity: Path, page: Path, settings: dict) -> None:
    """folder: the dataset's, with the comparison. parity: the export's record. settings: `configuration`."""
    text = card(
        Stored.read(folder, model),
        read_run(folder),
        read_json(parity),
        settings["configuration"],
        commit_of(Path(__file__).parent),
    )
    write_text(page, text)


if __name__ == "__main__":
    run(main)
