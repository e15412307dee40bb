"""Pack a finished experiment as a Workflow Run RO-Crate, to archive it or to run it again."""

from pathlib import Path

from cifarbench.errors import UserError
from cifarbench.export.model_card import git_commit
from cifarbench.export.ro_crate import write_ro_crate
from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.history import records
from cifarbench.planning.experiment import Experiment
from cifarbench.planning.fingerprint import with_local_imports


def main(results: Path, crate: Path) -> None:
    """Write the crate. results: the dataset's folder, with a finished run of all its models. crate: the zip file."""
    runs = records.load_runs(results)
    if not runs:
        raise UserError(f"{results} has no finished run; finish a run in which no model fails, first.")
    last = runs[-1]
    for name, metrics in last.metrics.items():
        if records.read_metrics(results, name) != metrics:
            raise UserError(
                f"{results}/models/{name}/metrics.json is not of the last finished run, {last.id}; finish the present "
                "run first."
            )
    project = Path(__file__).resolve().parents[3]
    plan = Experiment(last.configuration, FAMILIES, FEATURE_TYPES)
    names = [path for model in plan.models for path in plan.source_files(model)]
    names += [path for features in plan.features.values() for path in plan.feature_source_files(features)]
    user_files = sorted(with_local_imports([Path(name) for name in names]))
    count = write_ro_crate(crate, project, results, last, user_files, git_commit(project))
    print(f"{crate} has {count} files of run {last.id}, {crate.stat().st_size / 1e6:.1f} MB.")
