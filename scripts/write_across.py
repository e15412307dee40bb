"""Write the page that compares all models over datasets, seeds, splits and sizes."""

from pathlib import Path

from cifarbench.across.page import render
from cifarbench.across.results import Results
from cifarbench.study.command import run
from cifarbench.study.files import write_text


def main(
    runs: Path,
    ranks: Path,
    datasets_tests: Path,
    all_variances: Path,
    all_pairs: Path,
    curves: list[Path],
    figures: list[Path],
    page: Path,
    settings: dict,
) -> None:
    """curves: of each dataset that has any. figures: the drawings.

    settings: `datasets`, `models`, `with_curves`, `language`, and `across`, what was asked for.
    """
    tables = {
        "runs": runs,
        "ranks": ranks,
        "tests": datasets_tests,
        "variances": all_variances,
        "pairs": all_pairs,
    }
    write_text(page, render(Results.read(settings, tables, curves), figures, settings))


if __name__ == "__main__":
    run(main)
