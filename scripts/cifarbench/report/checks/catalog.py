"""The checks: code, name, severity, and the sentences with their numbers. docs/checks.md has a section for each."""

from dataclasses import dataclass
from typing import Any

from cifarbench.report.translation import mark

PAGE = "docs/checks.md"


@dataclass(frozen=True)
class Check:
    """A check of a study. severity: error, warning or info. message, remedy: English, `{name}` is a finding's value."""

    name: str
    severity: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Finding:
    """What a check has found: values of its sentences, and the model that it is about, if it is about one."""

    code: str
    values: dict[str, Any]
    model: str | None = None


CHECKS = {
    "CB101": Check(
        "undertrained",
        "warning",
        mark("The {loss} of `{model}` still falls: by {fall} over the last {epochs} of {total} epochs."),
        mark("Train it for more epochs, or with a higher learning rate."),
    ),
    "CB102": Check(
        "overfitted",
        "warning",
        mark("The test loss of `{model}` rises by {rise} over the last {epochs} of {total} epochs."),
        mark("Use early_stopping, fewer epochs, or more regularisation."),
    ),
    "CB103": Check(
        "grid_edge",
        "warning",
        mark(
            "The best `{param}` of `{model}` is {value}, at the edge of the values that were tried ({tried})."
        ),
        mark("Extend the grid beyond this value."),
    ),
    "CB104": Check(
        "not_better_than_baseline",
        "error",
        mark(
            "`{model}` has an accuracy of {accuracy}, not significantly more than always predicting `{majority}` "
            "({baseline}; p = {p})."
        ),
        mark("Look for a mistake in its features or training; do not use this model."),
    ),
    "CB105": Check(
        "unequal_tuning_budgets",
        "warning",
        mark(
            "`{model}` was chosen among {n} candidates, and `{other}`, which is significantly worse, among {n_other}."
        ),
        mark("Tune both with the same number of candidates before you compare their families."),
    ),
    "CB106": Check(
        "single_seed",
        "warning",
        mark(
            "`{model}` and `{other}` differ significantly, but were trained with one seed each, so the difference is "
            "that of two trainings."
        ),
        mark("Give several `seeds`, at least 5, to compare the recipes."),
    ),
    "CB107": Check(
        "test_set_too_small",
        "info",
        mark(
            "`{model}` leads `{other}` by {difference}, but {n} test images detect only differences from {detectable} "
            "on reliably."
        ),
        mark("Use more test images before you rely on the size of this difference."),
    ),
    "CB108": Check(
        "train_test_duplicates",
        "warning",
        mark("{n} of {total} test images ({share}) are duplicates of training images."),
        mark("Remove them by `exclude`; the data audit lists them."),
    ),
    "CB109": Check(
        "label_issues",
        "warning",
        mark("{n} of {total} labels ({share}) are likely wrong."),
        mark("Look through the list of the data audit, and correct or exclude these images."),
    ),
    "CB110": Check(
        "imbalanced_accuracy",
        "warning",
        mark(
            "The classes have {low} to {high} training images, and models are ranked by accuracy, which the large "
            "classes decide."
        ),
        mark("Set `metric: balanced_accuracy`."),
    ),
    "CB111": Check(
        "miscalibrated",
        "info",
        mark("The confidence of `{model}` is off by {ece} on average (95% CI {low} to {high})."),
        mark("Use `robustness: {{temperature_scaling: true}}` before you use its probabilities."),
    ),
    "CB112": Check(
        "zero_recall",
        "warning",
        mark("`{model}` finds none of the {n} test images of the class `{label}`."),
        mark("Set `class_weight: balanced`, or add training images of this class."),
    ),
    "CB113": Check(
        "no_probabilities",
        "info",
        mark("`{model}` gives no probabilities, so its calibration, log loss and ROC AUC are unknown."),
        mark("Choose a classifier with `predict_proba` if you need them."),
    ),
    "CB114": Check(
        "few_training_images",
        "warning",
        mark(
            "The class `{label}` has {n} training images; below 50, results depend on which ones these are."
        ),
        mark("Add training images, or repeat with other splits: `suite: {{repeats: {{n_splits: 10}}}}`."),
    ),
    "CB115": Check(
        "leaky_features",
        "error",
        mark("The features in {file} were fitted to other images than those of their training subset."),
        mark("Delete this file and run again; report it as a bug."),
    ),
    "CB116": Check(
        "shortcut",
        "warning",
        mark("{property} alone predicts the class of {accuracy} of the test images; chance is {chance}."),
        mark("Make the classes alike in this property, or test on images where it differs."),
    ),
    "CB117": Check(
        "train_test_shift",
        "warning",
        mark(
            "A classifier tells test images from training images: its ROC AUC is {auc} (95% CI {low} to {high}), not "
            "about one half."
        ),
        mark("Split the images at random, or say that the test set has another origin."),
    ),
    "CB118": Check(
        "failed_runs",
        "error",
        mark("`{run}` has no valid result: {reason}."),
        mark("Correct the cause and run again; until then the comparison lacks this run."),
    ),
}
PROPERTIES = {
    "image_size": mark("The size of the image file in pixels"),
    "file_type": mark("The type of the image file"),
    "brightness": mark("The mean brightness"),
    "border_color": mark("The colour of the border"),
}
LOSS_LABELS = {"validation_loss": mark("validation loss"), "test_loss": mark("test loss")}
