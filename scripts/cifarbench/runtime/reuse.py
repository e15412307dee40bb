"""Copy results of an equal job of another experiment, so that shared results are computed once.

The provenance of a file is a checksum over the code and the settings of its job and the provenance of the job's inputs:
everything by which Snakemake decides whether to run a job again, including all earlier jobs. Files are copied, not
linked, so that changes in one experiment do not affect another.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cifarbench.runtime.failures import find_failure

if TYPE_CHECKING:
    from cifarbench.runtime.job import Job

PROVENANCE_FOLDER = Path(".snakemake/provenance")
RESULTS = "results"


def compute_provenance(job: "Job") -> str | None:
    """Return the provenance of a job's outputs; None if that of an input is not known."""
    if job.experiment is None:
        return None
    inputs = [(str(_path_in_experiment(path, job.experiment)), _read(path)) for path in job.inputs]
    if any(provenance is None for _, provenance in inputs):
        return None
    content = [job.rule, job.code, job.settings, inputs]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def copy_equal_results(job: "Job") -> bool:
    """Copy a job's outputs from an experiment that has them with the same provenance; return whether one has.

    Jobs without inputs always run, since they record the path of an archive.
    """
    forget(job)
    provenance = compute_provenance(job)
    if provenance is None or job.experiment is None or not job.inputs:
        return False
    for folder in _other_experiments(job):
        sources = [folder / _path_in_experiment(path, job.experiment) for path in job.outputs]
        if _all_have(sources, provenance):
            try:
                for source, path in zip(sources, job.outputs, strict=True):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, path)
            except FileNotFoundError:
                # Another run is replacing them.
                continue
            if _all_have(sources, provenance):
                names = ", ".join(map(str, sources))
                print(f"Copied from {names}: code, settings and inputs are the same.", file=sys.stderr)
                record(job)
                return True
    return False


def record(job: "Job") -> None:
    """Record the provenance of a job's outputs, unless the job or one before it has failed."""
    provenance = compute_provenance(job)
    if provenance is None or find_failure(job.outputs):
        return
    for path in job.outputs:
        file = _provenance_file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(provenance)


def forget(job: "Job") -> None:
    """Remove the provenance of a job's outputs, which the job is about to replace."""
    for path in job.outputs:
        _provenance_file(path).unlink(missing_ok=True)


def _provenance_file(path: Path) -> Path:
    return PROVENANCE_FOLDER / path.relative_to(path.anchor)


def _read(path: Path) -> str | None:
    # `snakemake --cache` replaces outputs by links without recording their provenance.
    if path.is_symlink():
        return None
    try:
        return _provenance_file(path).read_text()
    except FileNotFoundError:
        return None


def _all_have(paths: list[Path], provenance: str) -> bool:
    return all(_read(path) == provenance and path.is_file() for path in paths)


def _results_folder(path: Path) -> Path:
    """Return the folder of all experiments, which a workflow that imports this one may have moved."""
    return Path(*path.parts[: path.parts.index(RESULTS) + 1])


def _path_in_experiment(path: Path, experiment: str) -> Path:
    return path.relative_to(_results_folder(path) / experiment)


def _other_experiments(job: "Job") -> list[Path]:
    results = _results_folder(job.outputs[0])
    folders = [results, *(folder for folder in sorted(results.iterdir()) if folder.is_dir())]
    return [folder for folder in folders if folder != results / (job.experiment or "")]
