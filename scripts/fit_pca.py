"""Fit all principal components of the training images, or of those that a fold trains on."""

from pathlib import Path

from cifarbench.features.components import PrincipalComponents
from cifarbench.features.moments import Moments
from cifarbench.study.command import run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(
    moments: Path, left_out: list[Path], components: Path, cost: Path, settings: dict, threads: int
) -> None:
    """left_out: the moments of the fold's validation images, if any. settings: `scale` or not."""
    found = Moments.load(moments)
    with Stopwatch() as watch:
        for part in left_out:
            found -= Moments.load(part)
        fitted = PrincipalComponents.fit(found, settings["scale"])
    fitted.save(components)
    write_json(cost, cost_record(watch.seconds, threads))


if __name__ == "__main__":
    run(main)
