"""Reuse of equal results of another experiment."""

import json
from pathlib import Path

import pytest

from cifarbench.runtime import reuse
from cifarbench.runtime.failures import find_failure
from cifarbench.runtime.job import Job
from helpers.jobs import describe_job


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_job(rule: str, experiment: str | None, inputs: list[str], output: str, **more) -> Job:
    """Return a job of an experiment; paths are relative to its folder."""
    root = f"results/{experiment}" if experiment else "results"
    content = json.loads(
        describe_job(
            {"files": [f"{root}/{path}" for path in inputs]}, {"file": f"{root}/{output}"}, rule=rule, **more
        )
    )
    return Job.parse(json.dumps(content | {"experiment": experiment}), log="")


def run(job: Job, content: str) -> str:
    """Run a job that writes `content` unless it can copy its output; return the output."""
    if not reuse.copy_equal_results(job):
        for path in job.outputs:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        reuse.record(job)
    return job.outputs[0].read_text()


def run_chain(experiment: str | None, content: str, code: str = "c", settings: dict | None = None) -> str:
    """Run two jobs, of which the second reads the output of the first; return the output of the second."""
    run(make_job("load", experiment, [], "digits/images", settings=settings), content)
    return run(make_job("fit", experiment, ["digits/images"], "digits/model", code=code), content)


def test_results_of_equal_jobs_are_copied_and_independent():
    assert run_chain("", "first") == "first"
    assert run_chain("other", "second") == "first"
    # Jobs without inputs run in each experiment.
    assert Path("results/other/digits/images").read_text() == "second"
    assert run_chain("third", "third") == "first"
    Path("results/digits/model").write_text("changed")
    assert Path("results/other/digits/model").read_text() == "first"


@pytest.mark.parametrize("change", [{"code": "d"}, {"settings": {"seed": 1}}])
def test_results_are_not_copied_if_upstream_code_or_settings_differ(change):
    run_chain("", "first")
    assert run_chain("other", "second", **change) == "second"


def test_replaced_results_are_not_copied():
    run_chain("", "first", settings={"seed": 0})
    job = make_job("load", "", [], "digits/images", settings={"seed": 1})
    run(job, "other images")
    # The model of the experiment without a name was fitted to the old images.
    assert run_chain("other", "second", settings={"seed": 1}) == "second"


def test_missing_and_failed_results_are_not_copied():
    run_chain("", "first")
    Path("results/digits/model").unlink()
    assert run_chain("other", "second") == "second"
    failed = make_job("fit", "other", ["digits/images"], "digits/model", code="c", failure_of="knn")
    failed.fail("no memory")
    reuse.record(failed)
    assert run_chain("third", "third") == "third"
    assert find_failure(failed.outputs)


def test_results_outside_of_experiments_are_not_recorded_or_copied(folder):
    job = make_job("fit", None, [], "model")
    run(job, "first")
    assert not (folder / ".snakemake").exists()
    absolute = Job.parse(describe_job({}, {"file": str(folder / "model")}), log="")
    run(absolute, "kept")
    reuse.forget(absolute)
    assert (folder / "model").read_text() == "kept"
