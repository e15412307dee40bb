"""A tiny experiment in its own folder, and runs of Snakemake on it."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, Self

from cifarbench.planning.variants import deep_merge
from helpers import warm
from helpers.batches import DECLARED, make_batches, write_archive
from helpers.project import OVERLAY, Project

RESULTS = Path("results/tiny")
NETWORK = "mlp_batchnorm_dropout"
# One run per seed.
NETWORKS = [NETWORK, f"{NETWORK}/seed_1"]
# A training takes some seconds, so that tests can interrupt it.
EPOCHS = 1000
CONFIGURATION = {
    "dataset": "tiny",
    "datasets": {
        "tiny": {
            "type": "cifar10",
            "n_train": DECLARED.n_train,
            "n_test": DECLARED.n_test,
            "n_classes": DECLARED.n_classes,
            "image_shape": list(DECLARED.image_shape),
            "archive": "tiny.tar.gz",
        }
    },
    "seeds": [0, 1],
    "compare": ["knn_grid", NETWORK],
    "features": {"scaled_pca": {"n_components": 8}},
    "models": {
        "knn_grid": {"tune": {"folds": 2, "grid": {"n_components": [4, 8], "n_neighbors": [1, 3]}}},
        NETWORK: {"batch_size": 16, "epochs": EPOCHS},
    },
    "training": {"checkpoint_interval_seconds": 0.2},
}
# The shipped profiles, with less time between status checks.
SLURM = [
    *("--workflow-profile", "workflow/profiles/slurm"),
    *("--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "10"),
]
# Settings for clusters with partitions, as in the profile's comments; more resources may follow.
PARTITIONS = [
    *("--default-resources", "slurm_partition=cpu"),
    *("--set-resources", "train_network:slurm_partition=gpu"),
]
CPU_PARTITION = PARTITIONS[:2]
CLUSTER_GENERIC = [
    *("--workflow-profile", "workflow/profiles/cluster-generic"),
    *("--seconds-between-status-checks", "2", "--latency-wait", "10"),
]
# Two datasets with two training set sizes each.
ACROSS = {
    "compare": ["knn_raw", NETWORK],
    "seeds": [0],
    "models": {NETWORK: {"epochs": 20}},
    "datasets": {"other": CONFIGURATION["datasets"]["tiny"] | {"archive": "other.tar.gz"}},
    "suite": {"datasets": ["tiny", "other"], "train_sizes": [20]},
}
# The only target of the suite: each job waits for Slurm's status, so the datasets' own pages would take minutes.
PAGE = "results/suite/report.html"
# Files that must be identical wherever they are computed. Other files contain times and paths.
SAME = [
    "data/*.npy",
    "models/**/predictions.npz",
    "models/**/history.csv",
    "models/**/metrics.json",
    "models/**/training_summary.json",
    "models/**/cv_results.csv",
    "paired_tests.csv",
    "model_agreement.json",
    "figures/*/*",
]


class Study(Project):
    """A copy of the workflow with two tiny archives; the output of its runs goes to files."""

    @classmethod
    def create(cls, folder: Path, changes: dict[str, Any] | None = None) -> Self:
        """Copy the workflow, and write the archives and the configuration with some changes."""
        study = super().create(folder, deep_merge(CONFIGURATION, changes or {}))
        for seed, dataset in enumerate(("tiny", "other")):
            write_archive(folder / f"{dataset}.tar.gz", make_batches(seed))
        return study

    def start(self, *arguments: str, log: str = "run.log") -> subprocess.Popen:
        """Start Snakemake; its output goes to a file in the project's folder."""
        # Rules call `python`: the interpreter of the tests or, for local jobs, the `python` of `warm`.
        environment = warm.environment() if "--cores" in arguments else self.environment
        command = [sys.executable, "-m", "snakemake", "--configfile", OVERLAY, *arguments]
        with open(self.folder / log, "a") as output:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def run(self, *arguments: str, log: str = "run.log") -> str:
        """Run Snakemake to its end and return its output; raise an AssertionError with it if the run fails."""
        with Running(self, *arguments, log=log) as running:
            return running.finish()

    def outputs(self, root: Path = RESULTS, patterns: Iterable[str] = SAME) -> dict[str, bytes]:
        """Return the files that must be identical wherever they are computed, by their path below `root`."""
        return {
            path.relative_to(self.folder / root).as_posix(): path.read_bytes()
            for pattern in patterns
            for path in sorted((self.folder / root).glob(pattern))
            if path.is_file()
        }


class Running:
    """A run in the background."""

    def __init__(self, study: Study, *arguments: str, log: str = "run.log"):
        self.study, self.log = study, study.folder / log
        self.process = study.start(*arguments, log=log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def finish(self, timeout: float = 900) -> str:
        """Wait for the end of the run and return its output; raise an AssertionError with it if the run fails."""
        code = self.process.wait(timeout)
        text = self.log.read_text()
        assert code == 0, text
        return text


class Job(NamedTuple):
    """A job as Snakemake's dry run lists it."""

    rule: str
    wildcards: str
    threads: int
    resources: dict[str, str]


def read_jobs(dry_run: str) -> list[Job]:
    """Read the jobs in the output of `snakemake --dry-run`, those of groups included, without the target rule."""
    jobs = []
    for block in re.split(r"^ *(?=(?:local)?rule \w+:$)", dry_run, flags=re.MULTILINE)[1:]:
        name, _, body = block.partition(":\n")
        lines = dict(re.findall(r"^ +(\w+): (.*)$", body, flags=re.MULTILINE))
        if "output" in lines:
            resources = dict(item.split("=", 1) for item in lines["resources"].split(", "))
            wildcards = lines.get("wildcards", "")
            jobs.append(Job(name.split()[1], wildcards, int(lines.get("threads", 1)), resources))
    return jobs


def comment(network: str) -> str:
    """Return the comment that the executor gives to the Slurm job that trains a network."""
    model, separator, seed = network.partition("/")
    return f"rule_train_network_wildcards_{job_name(f'dataset=tiny, model={model}, seed={separator}{seed}, size=')}"


def job_name(wildcards: str) -> str:
    """Return a job's wildcards as the executor writes them into the comment of its Slurm job."""
    return "_".join(pair.partition("=")[2] for pair in wildcards.split(", ")).replace("/", "_")


def predictions_of(*models: str) -> list[str]:
    """Return the predictions of models as targets."""
    return [str(RESULTS / "models" / model / "predictions.npz") for model in models]


def differences(expected: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """Return the names of files that differ or that only one run has."""
    return sorted(name for name in expected | found if expected.get(name) != found.get(name))
