"""A copy of the project in which a test runs Snakemake and reads which jobs ran."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import yaml

from helpers import warm

CHECKOUT = Path(__file__).parents[2]
PARTS = ["workflow", "scripts", "config", "environment.yml"]
OVERLAY = "config/tiny.yaml"

# A job in Snakemake's output: its rule and, if it has any, its wildcards. Jobs of groups are indented.
JOB = re.compile(r"^( *)(?:local)?rule (\w+):\n((?:\1    .+\n)*)", re.MULTILINE)
WILDCARDS = re.compile(r"^ *wildcards: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """Exit code and terminal output of a command and, after a run, the content of Snakemake's log file."""

    code: int
    text: str
    log: str = ""

    @property
    def jobs(self) -> set[str]:
        """The jobs that ran or would run as rule and wildcards, such as `fit_features pca all`, without `rule all`.

        The dataset is left out, and a run's model, seed and size are joined: `mlp/seed_1`.
        """
        return {job for _, job in self.jobs_of_datasets}

    @property
    def jobs_of_datasets(self) -> set[tuple[str, str]]:
        """The same jobs, each with its dataset as in paths, or an empty text if it has none."""
        found = set()
        for _, rule, lines in JOB.findall(self.log or self.text):
            wildcards = WILDCARDS.search(lines)
            values = dict(pair.split("=", 1) for pair in wildcards[1].split(", ")) if wildcards else {}
            dataset = values.pop("dataset", "")
            run = "".join(values.pop(name, "") for name in ("model", "seed", "size"))
            found.add((dataset, " ".join([rule, *filter(None, [run, *values.values()])])))
        return {(dataset, job) for dataset, job in found if job != "all"}


class Project:
    """A copy of the workflow, its scripts and its configuration, with a small dataset."""

    def __init__(self, folder: Path, dataset: str):
        self.folder = folder
        self.dataset = dataset
        self.results = folder / "results" / dataset

    @classmethod
    def create(cls, folder: Path, overlay: dict[str, Any]) -> Self:
        """Create a fresh copy with `overlay` as its second configuration file."""
        folder.mkdir(parents=True)
        for part in PARTS:
            source = CHECKOUT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / part)
            for path in [folder / part, *(folder / part).rglob("*")]:
                path.touch()
        project = cls(folder, overlay["dataset"])
        project.write(OVERLAY, overlay)
        return project

    def copy(self, folder: Path) -> Self:
        """Copy the project to another folder, with results, Snakemake's records and modification times."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return type(self)(folder, self.dataset)

    def write(self, path: str, settings: dict[str, Any]) -> None:
        (self.folder / path).write_text(yaml.safe_dump(settings, sort_keys=False))

    def configure(self, change: Callable[[dict[str, Any]], Any]) -> None:
        """Change the overlay: `change` modifies its content in place."""
        settings = yaml.safe_load((self.folder / OVERLAY).read_text())
        change(settings)
        self.write(OVERLAY, settings)

    def edit(self, path: str, text: str) -> None:
        """Append text to a file."""
        with open(self.folder / path, "a") as file:
            file.write(text)

    def command(self, *arguments: str, targets: tuple[str, ...] = (), cores: int = 2) -> list[str]:
        """Return the command line; targets are relative to the results."""
        target_paths = [f"results/{self.dataset}/{target}" for target in targets]
        snakemake = [sys.executable, "-m", "snakemake", *target_paths, "--cores", str(cores)]
        return [*snakemake, "--configfile", OVERLAY, *arguments]

    def run(self, *arguments: str, cold: bool = False, **options: Any) -> Answer:
        """Run Snakemake to its end. cold: in new Python processes, as users start it, instead of forked ones."""
        before = self._logs()
        answer = self._finish(self.command(*arguments, **options), cold)
        return replace(answer, log="".join(path.read_text() for path in sorted(self._logs() - before)))

    def _logs(self) -> set[Path]:
        return set((self.folder / ".snakemake/log").glob("*.log"))

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen:
        """Start Snakemake as the leader of a process group."""
        return subprocess.Popen(
            self.command(*arguments, **options),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def succeed(self, *arguments: str, **options: Any) -> set[str]:
        """Run Snakemake, check that it succeeds, and return the jobs."""
        answer = self.run(*arguments, **options)
        assert answer.code == 0, answer.text
        return answer.jobs

    def would_run(self, *arguments: str, **options: Any) -> set[str]:
        """Return the jobs of a dry run."""
        return self.succeed("--dry-run", *arguments, **options)

    def cifarbench(self, *arguments: str) -> Answer:
        """Run the package's command in this folder."""
        return self._finish([sys.executable, "-m", "cifarbench", *arguments], cold=True)

    def _finish(self, command: list[str], cold: bool = False) -> Answer:
        if not cold:
            return Answer(*warm.python(command[1:], self.folder, warm.environment()))
        process = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=warm.TIMEOUT,
        )
        return Answer(process.returncode, process.stdout)

    @property
    def environment(self) -> dict[str, str]:
        # Rules call `python`, which has to be the interpreter of the tests. The package is the one in this folder.
        return os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder / "scripts"),
        }

    def checksums(self, pattern: str) -> dict[str, str]:
        """Return the SHA-256 of each result whose path matches."""
        paths = sorted(path for path in self.results.glob(pattern) if path.is_file())
        assert paths, f"no {pattern}"
        return {str(path.relative_to(self.results)): _checksum(path) for path in paths}


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
