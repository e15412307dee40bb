"""Checks of a finished study for common mistakes, each with a code, a severity and a page of the documentation."""

from collections.abc import Iterable
from typing import Any

from cifarbench.report.checks import comparison, data, training
from cifarbench.report.checks.catalog import CHECKS, LOSS_LABELS, PAGE, PROPERTIES, Finding
from cifarbench.report.results import Results
from cifarbench.report.templating import jinja_environment
from cifarbench.report.translation import Translator

__all__ = ["CHECKS", "Finding", "check_entries", "find_issues", "format_finding"]

FUNCTIONS = (
    *(training.undertrained, training.overfitted, training.at_grid_edge, training.not_better_than_baseline),
    *(comparison.unequal_tuning_budgets, comparison.single_seed, comparison.test_set_too_small),
    *(data.train_test_duplicates, data.label_issues, comparison.imbalanced_accuracy, training.miscalibrated),
    *(training.zero_recall, training.no_probabilities, data.few_training_images, data.leaky_features),
    *(data.shortcuts, data.train_test_shift, comparison.failed_runs),
)


def find_issues(results: Results) -> list[Finding]:
    """Return the findings of all checks, by code."""
    return [finding for check in FUNCTIONS for finding in check(results)]


def check_entries(findings: Iterable[Finding], muted: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return the content of checks.json. muted: codes whose findings are marked as muted."""
    say = Translator("en")
    entries = []
    for finding in findings:
        check = CHECKS[finding.code]
        message, remedy = format_finding(say, finding.code, finding.values)
        entries.append(
            {
                "code": finding.code,
                "name": check.name,
                "severity": check.severity,
                "model": finding.model,
                "message": message,
                "remedy": remedy,
                "muted": finding.code in muted,
                "page": f"{PAGE}#{finding.code.lower()}",
                "values": finding.values,
            }
        )
    return entries


def format_finding(say: Translator, code: str, values: dict[str, Any]) -> tuple[str, str]:
    """Return the message and the remedy of a finding in a language; floats have three decimals."""
    shown = {}
    for name, value in values.items():
        if isinstance(value, float):
            shown[name] = say.number(value)
        elif isinstance(value, int):
            shown[name] = say.whole(value)
        else:
            shown[name] = say.term(PROPERTIES.get(value) or LOSS_LABELS.get(value) or str(value))
    sentences: Any = jinja_environment(say).get_template("checks.j2").module
    return sentences.messages[code].format(**shown), sentences.remedies[code].format(**shown)
