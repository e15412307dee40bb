"""Selection of the best model: the fastest of those not significantly different from the most accurate."""

import shutil
from dataclasses import replace

import pytest

from cifarbench.errors import UserError
from cifarbench.export.best_model import read_run, select_best_model
from cifarbench.export.model_card import git_commit
from cifarbench.report.results import PairedComparison
from helpers import small_run


def test_fastest_of_models_without_significant_differences_is_selected():
    run = read_run(small_run.shared())
    best = run.ranking[0]
    equals = [best, *run.equals(best, run.ranking)]
    name, reasons = select_best_model(run)
    seconds = {model.name: model.fit["predict_seconds"] for model in equals}
    assert len(equals) > 1
    assert name == min(seconds, key=seconds.get)
    assert reasons[0].startswith(f"`{best.name}` ")
    assert reasons[0].endswith("models differ significantly.")
    assert reasons[1].startswith(f"Of these, `{name}` predicts fastest (")


def test_predictions_from_a_file_are_not_selected():
    run = read_run(small_run.shared())
    best = run.ranking[0]
    given = replace(best, fit=best.fit | {"inference": None, "predict_seconds": None})
    name, reasons = select_best_model(replace(run, models=run.models | {best.name: given}))
    assert name != best.name
    assert "is the best model that was fitted here" in reasons[0]


def test_significantly_best_model_is_selected():
    run = read_run(small_run.shared())
    best = run.ranking[0].name
    pairs = [pair for pair in run.pairs if best not in (pair.first, pair.second)]
    apart = [PairedComparison(best, other.name, 0.5, 0.4, 0.6, 0.0, 0.0) for other in run.ranking[1:]]
    name, reasons = select_best_model(replace(run, pairs=pairs + apart))
    assert name == best
    assert reasons[1:] == ["It differs significantly from every other model."]


def test_run_without_comparison_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"comparison.csv does not exist, so no best model is known"):
        read_run(tmp_path)


def test_failed_model_is_not_selected(tmp_path):
    shutil.copytree(small_run.shared(), tmp_path / "run")
    table = tmp_path / "run/comparison.csv"
    header, first, *rows = table.read_text().splitlines()
    name, n_columns = first.partition(",")[0], len(header.split(","))
    row = [name] + [""] * (n_columns - 1)
    if "error" not in header:
        header, row = f"{header},failure", [*row, ""]
        rows = [f"{line}," for line in rows]
    row[header.split(",").index("error")] = "train_network: it broke"
    table.write_text("\n".join([header, ",".join(row), *rows]) + "\n")
    shutil.rmtree(tmp_path / "run/models" / name)
    run = read_run(tmp_path / "run")
    assert name not in [model.name for model in run.ranking]
    assert run.failed[name].reason == "it broke"


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_folder_outside_a_clone_has_no_commit(tmp_path):
    assert git_commit(tmp_path) is None
