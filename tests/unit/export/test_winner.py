"""Which model is taken along: the most accurate, and of its equals the one that predicts fastest."""

import shutil
from dataclasses import replace

import pytest

from cifarbench.export.card import commit_of
from cifarbench.export.winner import read_run, winner
from cifarbench.report.results import Pair
from cifarbench.study.errors import UserError
from helpers import small_run


def test_of_equals_the_fastest_is_taken_and_the_reason_is_the_report_s():
    run = read_run(small_run.shared())
    best = run.ranking[0]
    equals = [best, *(model for model in run.ranking[1:] if not run.pair(best, model).told_apart)]
    name, said = winner(run)
    seconds = {model.name: model.fit["predict_seconds"] for model in equals}
    assert len(equals) > 1
    assert name == min(seconds, key=seconds.get)
    assert said[0].startswith(f"`{best.name}` is the most accurate: ")
    assert said[1].startswith("It can't be told apart from ")
    assert said[2].startswith(f"Of these, `{name}` predicts fastest (")


def test_the_best_is_taken_if_it_can_be_told_apart():
    run = read_run(small_run.shared())
    best = run.ranking[0].name
    pairs = [pair for pair in run.pairs if best not in (pair.first, pair.second)]
    apart = [Pair(best, other.name, 0.5, 0.4, 0.6, 0.0, 0.0) for other in run.ranking[1:]]
    name, said = winner(replace(run, pairs=pairs + apart))
    assert name == best
    assert said[1:] == ["It can be told apart from every other."]


def test_without_a_comparison_a_name_is_asked_for(tmp_path):
    with pytest.raises(UserError, match=r"comparison.csv is not there, so no model is the best yet"):
        read_run(tmp_path)


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_a_folder_that_is_no_clone_has_no_commit(tmp_path):
    assert commit_of(tmp_path) is None
