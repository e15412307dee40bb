"""Pack a finished study as a Workflow Run RO-Crate, for an archive or for whoever wants to run it again."""

from pathlib import Path

from cifarbench.export.card import commit_of
from cifarbench.export.crate import write_crate
from cifarbench.families import FAMILIES, KINDS
from cifarbench.study import history
from cifarbench.study.errors import UserError
from cifarbench.study.plan import Plan
from cifarbench.study.provenance import with_neighbours


def main(results: Path, crate: Path) -> None:
    """results: the dataset's folder, with a finished run of all its models. crate: the zip that is written."""
    runs = history.read(results)
    if not runs:
        raise UserError(
            f"{results} holds no finished run; run the study to its end, with no model failing, first."
        )
    last = runs[-1]
    for name, metrics in last.metrics.items():
        if history.read_metrics(results, name) != metrics:
            raise UserError(
                f"{results}/models/{name}/metrics.json is not that of the last finished run, {last.id}; run the study "
                "to its end first."
            )
    project = Path(__file__).resolve().parents[3]
    plan = Plan(last.configuration, FAMILIES, KINDS)
    named = [path for model in plan.models for path in plan.own_code(model)]
    named += [path for features in plan.features.values() for path in plan.own_code_of_features(features)]
    own = sorted(with_neighbours([Path(name) for name in named]))
    count = write_crate(crate, project, results, last, own, commit_of(project))
    print(f"{crate} holds {count} files of run {last.id}, {crate.stat().st_size / 1e6:.1f} MB.")
