"""What an audit found about the images, in words and numbers, for the report and for the audit's own page."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cifarbench.audit.image_index import NEAR_MISS
from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import Row, read_csv
from cifarbench.report.language import Language

DUPLICATES, LABELS, IMAGES = (f"audit/{name}.csv" for name in ("duplicates", "label_issues", "image_issues"))


@dataclass(frozen=True)
class Audit:
    """The files of an audit, read back.

    files: paths within the dataset's folder -> where they are. dataset: the content of dataset.json.
    """

    files: dict[str, Path]
    dataset: dict[str, Any]
    say: Language

    @classmethod
    def read(cls, files: dict[str, Path], dataset: dict[str, Any], say: Language) -> "Audit | None":
        """None where no audit was made."""
        return cls(files, dataset, say) if DUPLICATES in files else None

    @cached_property
    def pairs(self) -> list[Row]:
        """Copies and similar pairs, the strongest first."""
        return read_csv(self.files[DUPLICATES])

    @cached_property
    def labels(self) -> list[Row]:
        """Doubtful labels, the surest first."""
        return read_csv(self.files[LABELS])

    @cached_property
    def images(self) -> list[Row]:
        """Odd images, by reason."""
        return read_csv(self.files[IMAGES])

    @cached_property
    def measures(self) -> dict[str, Any]:
        """How the audit was made: thresholds, and the accuracy that doubts rest on."""
        return read_json(self.files["audit/duplicates.json"]) | read_json(
            self.files["audit/label_issues.json"]
        )

    @cached_property
    def classes(self) -> dict[str, list[int]]:
        """How many images of each class there are, by split."""
        return read_json(self.files["audit/class_counts.json"])

    @property
    def copies(self) -> list[Row]:
        """The pairs that are copies of each other."""
        return [row for row in self.pairs if row["type"] != NEAR_MISS]

    def between(self, pairs: list[Row], splits: set[str]) -> list[Row]:
        """Those pairs whose images are of these splits, one of each or both of the only one."""
        return [row for row in pairs if {row["split_a"], row["split_b"]} == splits]

    # ---- In words ----

    @property
    def excluded(self) -> list[str]:
        """What was left out, since somebody asked for it."""
        excluded = self.dataset.get("removed")
        return [excluded_sentence(self.say, excluded)] if excluded else []

    @property
    def sentences(self) -> list[str]:
        """What was found, in a few sentences."""
        return [*self.of_copies, *self.of_labels, *self.of_images]

    @property
    def of_copies(self) -> list[str]:
        """Of copies: how many test images have one among the training images, and how many there are besides."""
        say, copies = self.say, self.copies
        across = self.between(copies, {"train", "test"})
        tested = {row[f"index_{side}"] for row in across for side in "ab" if row[f"split_{side}"] == "test"}
        if not copies:
            return [say("No image is a copy of another, or nearly.")]
        return [
            say(
                "{n} of {total} test images ({share}) are copies of training images, or nearly. Pairs of copies "
                "within the training images: {train}, within the test images: {test}.",
                n=say.whole(len(tested)),
                total=say.whole(self.dataset["n_test"]),
                share=say.percent(len(tested) / self.dataset["n_test"], 2),
                train=say.whole(len(self.between(copies, {"train"}))),
                test=say.whole(len(self.between(copies, {"test"}))),
            )
        ]

    @property
    def of_labels(self) -> list[str]:
        """Of labels that are likely wrong."""
        say = self.say
        if not self.labels:
            return [say("No label is likely to be wrong.")]
        in_test = sum(row["split"] == "test" for row in self.labels)
        return [
            say(
                "Labels that are doubtful: {n}, of them in the test set: {test}; by models that are right on "
                "{accuracy} of the images that they have not seen.",
                n=say.whole(len(self.labels)),
                test=say.whole(in_test),
                accuracy=say.percent(self.measures["accuracy"], 1),
            )
        ]

    @property
    def of_images(self) -> list[str]:
        """Of odd images, by reason."""
        reasons = self.reasons
        counted = [
            self.say("{reason}: {n}", reason=text, n=self.say.whole(n))
            for reason, text in reasons.items()
            if (n := sum(row["issue"] == reason for row in self.images))
        ]
        if not counted:
            return [self.say("No image is odd by itself.")]
        return [self.say("Images that are odd by themselves: {counts}.", counts=self.say.listed(counted))]

    @property
    def reasons(self) -> dict[str, str]:
        """Why an image is odd, in words."""
        say = self.say
        return {
            "low_information": say("of one colour"),
            "truncated": say("cut off"),
            "outlier": say("far from all others of their class"),
            "odd_format": say("of an odd size or colour mode"),
        }

    @property
    def kinds(self) -> dict[str, str]:
        """What an image is to another, in words."""
        say = self.say
        return {
            "identical": say("identical"),
            "mirrored": say("mirrored"),
            "cropped": say("cropped"),
            "shifted": say("shifted"),
            "brightness_changed": say("brightened"),
            "re-encoded": say("re-encoded"),
            NEAR_MISS: say("similar"),
        }

    # ---- What it does to the comparison ----

    @cached_property
    def effects(self) -> dict[str, Any]:
        """Accuracies without some test images; nothing where there are none yet."""
        path = self.files.get("audit/issue_impact.json")
        return read_json(path)["subsets"] if path else {}

    @property
    def columns(self) -> dict[str, str]:
        """Which test images were left out, in words; only where there are any."""
        say, parts = self.say, self.effects
        known = {
            "all": say("All"),
            "no_duplicates": say("Without copies"),
            "no_label_issues": say("Without doubtful labels"),
        }
        some = {name for name, part in parts.items() if part["n_removed"]}
        return {name: text for name, text in known.items() if name in some or (some and name == "all")}

    @property
    def order(self) -> list[str]:
        """Whether the order of the models changes."""
        say = self.say
        sentences = []
        for name, text in self.columns.items():
            swapped = [
                say("`{second}` before `{first}`", first=first, second=second)
                for first, second in self.effects[name]["rank_swaps"]
            ]
            if name == "all":
                continue
            n = say.whole(self.effects[name]["n_removed"])
            if swapped:
                sentences.append(
                    say(
                        "{without} ({n} images less) the order of the models changes: {pairs}.",
                        without=text,
                        n=n,
                        pairs=say.listed(swapped),
                    )
                )
            else:
                sentences.append(
                    say("{without} ({n} images less) the order of the models stays.", without=text, n=n)
                )
        return sentences


def excluded_sentence(say: Language, excluded: dict[str, Any]) -> str:
    """What was left out of a dataset, and by which file."""
    return say(
        "{train} training and {test} test images were left out, as `{file}` says.",
        train=say.whole(len(excluded["train"])),
        test=say.whole(len(excluded["test"])),
        file=excluded["file"],
    )
