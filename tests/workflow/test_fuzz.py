"""Random configurations are planned or refused in sentences; planned ones run to the report."""

import re
import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml

from cifarbench.config import build_checks
from cifarbench.config.experiments import Experiments
from cifarbench.errors import UserError
from helpers.drawn import draw_configurations, write_files
from helpers.project import CHECKOUT, OVERLAY, Project

BASE = yaml.safe_load((CHECKOUT / "config/config.yaml").read_text())
SEED = 29
# A refusal: a key or a file of the configuration, what is wrong with it, and what to do.
SENTENCE = re.compile(r"[A-Za-z_][^\n]*\b(is|are|has|have|leaves|names)\b[^\n]*\.")


def refusal(config: dict[str, Any]) -> str:
    """Return the sentences that the workflow prints on a configuration that cannot run; none if it can."""
    try:
        experiments = Experiments(config).experiments
    except UserError as error:
        return str(error)
    return "\n".join(error for one in experiments.values() for error in build_checks.build_errors(one))


def describe(config: dict[str, Any]) -> str:
    drawn = {key: value for key, value in config.items() if BASE.get(key) != value}
    return yaml.safe_dump(drawn, sort_keys=False, allow_unicode=True)


def check_refusals(configs: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the configurations that are not refused, and a text on each refusal that is not in sentences."""
    accepted, wrong = [], []
    for config in configs:
        write_files(config)
        try:
            sentences = refusal(config)
        except Exception:
            wrong.append(f"{traceback.format_exc()}\n{describe(config)}")
            continue
        if not sentences:
            accepted.append(config)
        wrong += [
            f"{one}\n{describe(config)}" for one in sentences.splitlines() if not SENTENCE.fullmatch(one)
        ]
    return accepted, wrong


def plan(configs: list[dict[str, Any]], folder: Path) -> list[str]:
    """Dry-run each configuration and return a text on each that is not planned."""
    project, wrong = Project.create(folder, configs[0]), []
    for config in configs:
        project.write(OVERLAY, config)
        answer = project.run("--dry-run")
        if answer.code:
            wrong.append(f"{answer.text}\n{describe(config)}")
    return wrong


def test_configurations_are_planned_or_refused_in_sentences(tmp_path):
    accepted: list[dict[str, Any]] = []
    # Draws depend on the modules that other tests have imported, and a seed may yield few or no valid ones.
    for seed in range(SEED, SEED + 10):
        more, wrong = check_refusals(draw_configurations(20, BASE, tmp_path, seed))
        assert not wrong, "\n\n".join(wrong)
        accepted += more
        if len(accepted) >= 2:
            break
    wrong = plan(accepted[-2:], tmp_path / "study")
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.long
def test_many_configurations_are_planned_or_refused_in_sentences(tmp_path):
    accepted, wrong = check_refusals(draw_configurations(500, BASE, tmp_path, SEED))
    assert len(accepted) > 200
    wrong += plan(accepted, tmp_path / "study")
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.long
def test_some_configurations_run_to_the_report(tmp_path):
    drawn = draw_configurations(100, BASE, tmp_path, SEED, most_classes=12, most_side=12)
    accepted, wrong = check_refusals(drawn)
    for number, config in enumerate(accepted[::5]):
        project = Project.create(tmp_path / str(number), config)
        answer = project.run()
        # The classes of excluded images are known only when the dataset is loaded.
        if "every class needs at least one" in answer.text:
            continue
        # A model may fail, such as a classifier on images that are all black; no other job may.
        if "job execution failed" in answer.text or not (project.results / "report.html").exists():
            wrong.append(f"{answer.text}\n{describe(config)}")
    assert not wrong, "\n\n".join(wrong)
