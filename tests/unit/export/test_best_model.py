"""Which model is taken along: the most accurate, and of its equals the one that predicts fastest."""

import shutil
from dataclasses import replace

import pytest

from cifarbench.errors import UserError
from cifarbench.export.best_model import read_run, select_best_model
from cifarbench.export.model_card import git_commit
from cifarbench.report.results import PairedComparison
from helpers import small_run


def test_of_equals_the_fastest_is_taken_and_the_reason_is_the_report_s():
    run = read_run(small_run.shared())
    best = run.ranking[0]
    equals = [best, *run.equals(best, run.ranking)]
    name, said = select_best_model(run)
    seconds = {model.name: model.fit["predict_seconds"] for model in equals}
    assert len(equals) > 1
    assert name == min(seconds, key=seconds.get)
    assert said[0].startswith(f"`{best.name}` is the most accurate: ")
    assert said[1].startswith("It is not significantly different from ")
    assert said[2].startswith(f"Of these, `{name}` predicts fastest (")


def test_the_best_is_taken_if_it_can_be_told_apart():
    run = read_run(small_run.shared())
    best = run.ranking[0].name
    pairs = [pair for pair in run.pairs if best not in (pair.first, pair.second)]
    apart = [PairedComparison(best, other.name, 0.5, 0.4, 0.6, 0.0, 0.0) for other in run.ranking[1:]]
    name, said = select_best_model(replace(run, pairs=pairs + apart))
    assert name == best
    assert said[1:] == ["It differs significantly from every other model."]


def test_without_a_comparison_a_name_is_asked_for(tmp_path):
    with pytest.raises(UserError, match=r"comparison.csv is not there, so no model is the best yet"):
        read_run(tmp_path)


def test_a_model_that_failed_is_left_out_after_its_records_are_removed(tmp_path):
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
def test_a_folder_that_is_no_clone_has_no_commit(tmp_path):
    assert git_commit(tmp_path) is None
