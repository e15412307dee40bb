"""The checks: code, name and severity. templates/checks.j2 has their sentences, docs/checks.md a section for each."""

from dataclasses import dataclass
from typing import Any

from cifarbench.report.translation import mark

PAGE = "docs/checks.md"


@dataclass(frozen=True)
class Check:
    """A check of a study. severity: error, warning or info."""

    name: str
    severity: str


@dataclass(frozen=True)
class Finding:
    """What a check has found: values of its sentences, and the model that it is about, if it is about one."""

    code: str
    values: dict[str, Any]
    model: str | None = None


CHECKS = {
    "CB101": Check("undertrained", "warning"),
    "CB102": Check("overfitted", "warning"),
    "CB103": Check("grid_edge", "warning"),
    "CB104": Check("not_better_than_baseline", "error"),
    "CB105": Check("unequal_tuning_budgets", "warning"),
    "CB106": Check("single_seed", "warning"),
    "CB107": Check("test_set_too_small", "info"),
    "CB108": Check("train_test_duplicates", "warning"),
    "CB109": Check("label_issues", "warning"),
    "CB110": Check("imbalanced_accuracy", "warning"),
    "CB111": Check("miscalibrated", "info"),
    "CB112": Check("zero_recall", "warning"),
    "CB113": Check("no_probabilities", "info"),
    "CB114": Check("few_training_images", "warning"),
    "CB115": Check("leaky_features", "error"),
    "CB116": Check("shortcut", "warning"),
    "CB117": Check("train_test_shift", "warning"),
    "CB118": Check("failed_runs", "error"),
}
PROPERTIES = {
    "image_size": mark("The size of the image file in pixels"),
    "file_type": mark("The type of the image file"),
    "brightness": mark("The mean brightness"),
    "border_color": mark("The colour of the border"),
}
LOSS_LABELS = {"validation_loss": mark("validation loss"), "test_loss": mark("test loss")}
