"""How long a study would take on more machines: its jobs, their measured times, and a simple scheduler."""

import heapq
import re
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from cifarbench.study.errors import UserError


@dataclass(frozen=True)
class Job:
    """A job as Snakemake's dry run lists it; files are paths as the workflow names them."""

    rule: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    benchmark: str | None = None
    wildcards: str = ""
    threads: int = 1
    resources: dict[str, str] = field(default_factory=dict, compare=False)


def read_jobs(dry_run: str) -> list[Job]:
    """The jobs in the output of `snakemake --dry-run`, those of groups included, without the target rule."""
    jobs = []
    for block in re.split(r"^ *(?=(?:local)?rule \w+:$)", dry_run, flags=re.MULTILINE)[1:]:
        name, _, body = block.partition(":\n")
        lines = dict(re.findall(r"^ +(\w+): (.*)$", body, flags=re.MULTILINE))
        if "output" not in lines:
            continue
        jobs.append(
            Job(
                rule=name.split()[1],
                inputs=tuple(lines.get("input", "").split(", ")),
                outputs=tuple(lines["output"].split(", ")),
                benchmark=lines.get("benchmark"),
                wildcards=lines.get("wildcards", ""),
                threads=int(lines.get("threads", 1)),
                resources=dict(item.split("=", 1) for item in lines["resources"].split(", ")),
            )
        )
    return jobs


class Measured:
    """Seconds of jobs, from the benchmark files of a run.

    A job that the run had takes the seconds of that job, another one the mean of its rule's. One whose rule keeps
    no benchmark takes `unmeasured` seconds.
    """

    def __init__(self, folder: Path, unmeasured: float):
        self.unmeasured = unmeasured
        self.seconds = {
            path.relative_to(folder).with_suffix("").as_posix(): _mean_seconds(path)
            for path in sorted(folder.rglob("*.tsv"))
        }
        if not self.seconds:
            raise UserError(f"There is no benchmark file under {folder}: run the study first.")

    def of(self, job: Job) -> float:
        """The seconds that a job takes."""
        if job.benchmark is None:
            return self.unmeasured
        name = job.benchmark.partition("/benchmarks/")[2].removesuffix(".tsv")
        if name in self.seconds:
            return self.seconds[name]
        of_rule = [seconds for path, seconds in self.seconds.items() if path.split("/")[0] == job.rule]
        return statistics.fmean(of_rule) if of_rule else self.unmeasured


@dataclass(frozen=True)
class Schedule:
    """What a run takes: seconds from start to end, along its longest chain, and summed over all cores."""

    makespan: float
    critical_path: float
    core_seconds: float


def schedule(jobs: list[Job], seconds: list[float], nodes: int, cores_per_node: int) -> Schedule:
    """Run the jobs on equal nodes: whenever cores are free, the ready job with the longest way to go starts.

    A job needs all its threads on one node. Memory, queues and transfers are not looked at.
    """
    maker = {output: number for number, job in enumerate(jobs) for output in job.outputs}
    needs = [{maker[name] for name in job.inputs if name in maker} for job in jobs]
    feeds: list[list[int]] = [[] for _ in jobs]
    for number, sources in enumerate(needs):
        for source in sources:
            feeds[source].append(number)

    to_go = [0.0] * len(jobs)
    for number in reversed(_in_order(needs, feeds)):
        to_go[number] = seconds[number] + max((to_go[after] for after in feeds[number]), default=0.0)

    waiting = [len(sources) for sources in needs]
    ready = [(-to_go[number], number) for number, count in enumerate(waiting) if not count]
    heapq.heapify(ready)
    free = [cores_per_node] * nodes
    running: list[tuple[float, int, int]] = []
    now = 0.0
    while ready or running:
        unplaced = []
        while ready and any(free):
            entry = heapq.heappop(ready)
            number = entry[1]
            threads = min(jobs[number].threads, cores_per_node)
            node = next((node for node, cores in enumerate(free) if cores >= threads), None)
            if node is None:
                unplaced.append(entry)
                continue
            free[node] -= threads
            heapq.heappush(running, (now + seconds[number], number, node))
        for entry in unplaced:
            heapq.heappush(ready, entry)
        now, number, node = heapq.heappop(running)
        free[node] += min(jobs[number].threads, cores_per_node)
        for after in feeds[number]:
            waiting[after] -= 1
            if not waiting[after]:
                heapq.heappush(ready, (-to_go[after], after))
    used = sum(time * min(job.threads, cores_per_node) for job, time in zip(jobs, seconds, strict=True))
    return Schedule(makespan=now, critical_path=max(to_go, default=0.0), core_seconds=used)


def _in_order(needs: list[set[int]], feeds: list[list[int]]) -> list[int]:
    """Numbers of jobs, each after all that it needs."""
    missing = [len(sources) for sources in needs]
    order = [number for number, count in enumerate(missing) if not count]
    for number in order:
        for after in feeds[number]:
            missing[after] -= 1
            if not missing[after]:
                order.append(after)
    return order


def _mean_seconds(path: Path) -> float:
    """The mean of the column `s` of a benchmark file, which has a row for each repetition."""
    header, *rows = (line.split("\t") for line in path.read_text().splitlines())
    column = header.index("s")
    return statistics.fmean(float(row[column]) for row in rows)
