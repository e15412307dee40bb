"""The results of a data audit, for the report and for the audit's own page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cifarbench.audit.image_index import NEAR_MISS
from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import Row, read_csv

DUPLICATES = "audit/duplicates.csv"
ISSUE_IMPACT = "audit/issue_impact.json"


@dataclass(frozen=True)
class Audit:
    """The contents of an audit's files.

    pairs: duplicates and similar pairs, the highest score first. labels: label issues, the most confident first.
    images: image issues. summary: thresholds and accuracies. classes: split -> number of images per class. impact: the
    accuracies without some test images, by removal; empty without models.
    """

    dataset: dict[str, Any]
    pairs: list[Row]
    labels: list[Row]
    images: list[Row]
    summary: dict[str, Any]
    classes: dict[str, list[int]]
    impact: dict[str, Any]

    @classmethod
    def read(cls, files: dict[str, Path], dataset: dict[str, Any]) -> Self | None:
        """Read an audit from files by their paths within the dataset's folder; None if there was no audit.

        dataset: the content of dataset.json.
        """
        if DUPLICATES not in files:
            return None
        pairs, labels, images = (
            read_csv(files[f"audit/{name}.csv"]) for name in ("duplicates", "label_issues", "image_issues")
        )
        summaries = (read_json(files[f"audit/{name}.json"]) for name in ("duplicates", "label_issues"))
        return cls(
            dataset,
            pairs,
            labels,
            images,
            summary={key: value for summary in summaries for key, value in summary.items()},
            classes=read_json(files["audit/class_counts.json"]),
            impact=read_json(files[ISSUE_IMPACT])["subsets"] if ISSUE_IMPACT in files else {},
        )

    def duplicates(self, *splits: str, similar: bool = False) -> list[Row]:
        """Return the duplicates whose images are from these splits, or the pairs that are only similar."""
        return [
            row
            for row in self.pairs
            if {row["split_a"], row["split_b"]} == {*splits} and (row["type"] == NEAR_MISS) == similar
        ]

    @property
    def n_leaked(self) -> int:
        """The number of test images that are duplicates of training images."""
        sides = [(row, side) for row in self.duplicates("train", "test") for side in "ab"]
        return len({row[f"index_{side}"] for row, side in sides if row[f"split_{side}"] == "test"})

    @property
    def removals(self) -> list[str]:
        """The removals with an impact to show, after `all`; empty if nothing was removed."""
        removed = [
            name
            for name in ("no_duplicates", "no_label_issues")
            if self.impact and self.impact[name]["n_removed"]
        ]
        return ["all", *removed] if removed else []
