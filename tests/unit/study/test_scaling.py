import subprocess
import sys
from pathlib import Path

import pytest

import project_scaling
from cifarbench.study.errors import UserError
from cifarbench.study.scaling import Job, Measured, read_jobs, schedule

DRY_RUN = """\
Building DAG of jobs...
[Mon Nov 23 10:33:56 2026]
localrule fetch:
    output: data/archive.json
    jobid: 3
    resources: tmpdir=/tmp, runtime=120
[Mon Nov 23 10:33:56 2026]
rule train:
    input: data/archive.json, data/images.npy
    output: models/mlp.pt, models/mlp.csv
    log: logs/mlp.log
    jobid: 2
    benchmark: results/x/benchmarks/train/mlp.tsv
    reason: Missing output files: models/mlp.pt
    wildcards: model=mlp
    threads: 4
    resources: tmpdir=/tmp, gpu=1, mem_mb=1100
[Mon Nov 23 10:33:56 2026] Group job cells (jobs in lexicogr. order):
    [Mon Nov 23 10:33:56 2026]
    rule score:
        input: models/mlp.pt
        output: score.json
        jobid: 1
        resources: tmpdir=/tmp
rule all:
    input: score.json
    jobid: 0
    resources: tmpdir=/tmp
Job stats:
"""


def test_jobs_are_read_from_a_dry_run():
    fetch, train, score = read_jobs(DRY_RUN)
    assert fetch == Job("fetch", inputs=("",), outputs=("data/archive.json",))
    assert train == Job(
        "train",
        inputs=("data/archive.json", "data/images.npy"),
        outputs=("models/mlp.pt", "models/mlp.csv"),
        benchmark="results/x/benchmarks/train/mlp.tsv",
        wildcards="model=mlp",
        threads=4,
    )
    assert train.resources["mem_mb"] == "1100"
    assert (score.rule, score.inputs) == ("score", ("models/mlp.pt",))


def benchmark(folder: Path, name: str, *seconds: float) -> None:
    path = folder / f"{name}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("s\th:m:s\tmax_rss\n" + "".join(f"{value}\t0:00:01\t-\n" for value in seconds))


def test_seconds_are_the_jobs_own_or_its_rules_mean(tmp_path):
    benchmark(tmp_path, "train/mlp", 10.0, 14.0)
    benchmark(tmp_path, "train/mlp_wide", 20.0)
    benchmark(tmp_path, "unpack", 5.0)
    measured = Measured(tmp_path, unmeasured=3.0)

    def seconds(rule: str, name: str | None) -> float:
        return measured.of(Job(rule, benchmark=name and f"results/x/benchmarks/{name}.tsv"))

    assert seconds("train", "train/mlp") == 12.0
    assert seconds("train", "train/other/seed_1") == 16.0
    assert seconds("unpack", "unpack") == 5.0
    assert seconds("draw", None) == 3.0
    assert seconds("fit", "fit/x") == 3.0


def test_without_benchmarks_there_is_nothing_to_project(tmp_path):
    with pytest.raises(UserError, match="run the study first"):
        Measured(tmp_path, 3.0)


def diamond(width: int) -> tuple[list[Job], list[float]]:
    """A job of 1 s, then `width` of 10 s that need it, then one of 2 s that needs them all."""
    middle = [Job("work", inputs=("start",), outputs=(f"part_{number}",)) for number in range(width)]
    end = Job("join", inputs=tuple(job.outputs[0] for job in middle), outputs=("end",))
    return [end, *middle, Job("begin", outputs=("start",))], [2.0, *[10.0] * width, 1.0]


@pytest.mark.parametrize(
    ("nodes", "cores", "makespan"), [(1, 1, 63.0), (1, 2, 33.0), (2, 2, 23.0), (1, 6, 13.0), (100, 8, 13.0)]
)
def test_a_schedule_fills_the_cores_and_keeps_the_order(nodes, cores, makespan):
    found = schedule(*diamond(6), nodes=nodes, cores_per_node=cores)
    assert (found.makespan, found.critical_path, found.core_seconds) == (makespan, 13.0, 63.0)


def test_the_longest_way_to_go_starts_first():
    jobs = [Job("short", outputs=("a",)), Job("first", outputs=("b",)), Job("long", ("b",), ("c",))]
    assert schedule(jobs, [5.0, 1.0, 9.0], nodes=1, cores_per_node=1).makespan == 15.0
    assert schedule(jobs, [5.0, 1.0, 9.0], nodes=1, cores_per_node=2).makespan == 10.0


def test_a_job_has_all_its_threads_on_one_node():
    jobs = [Job("wide", threads=3, outputs=(str(number),)) for number in range(4)]
    assert schedule(jobs, [10.0] * 4, nodes=2, cores_per_node=4).makespan == 20.0
    assert schedule(jobs, [10.0] * 4, nodes=1, cores_per_node=6).makespan == 20.0
    # One that asks for more than a node has gets the whole node.
    assert schedule(jobs, [10.0] * 4, nodes=4, cores_per_node=2).makespan == 10.0


def test_the_script_writes_the_table_between_its_marks(tmp_path, monkeypatch):
    benchmark(tmp_path / "benchmarks", "train_network/mlp", 600.0)
    page = tmp_path / "page.md"
    script = Path(project_scaling.__file__)
    command = [sys.executable, script, "--benchmarks", tmp_path / "benchmarks", "--page", page]

    page.write_text("Nothing to replace.\n")
    answer = subprocess.run(command, cwd=script.parents[1], capture_output=True, text=True)
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"Error: {page} lacks the lines")

    # Snakemake plans each of the studies, with fewer jobs.
    *_, networks = project_scaling.STUDIES.values()
    monkeypatch.setitem(networks, "seeds", [0, 1])
    monkeypatch.setitem(project_scaling.GRID, "n_components", [10, 20])
    monkeypatch.chdir(script.parents[1])
    page.write_text("Before.\n<!-- begin: made by `make scaling` -->\nold\n<!-- end -->\nAfter.\n")
    project_scaling.main(tmp_path / "benchmarks", page)
    before, *table, after = page.read_text().splitlines()
    assert (before, after) == ("Before.", "After.")
    rows = [line for line in table if line.startswith("| ") and "nodes" not in line]
    assert len(rows) == 3
    assert "old" not in table
    assert all("x)" in row for row in rows)
