"""List the jobs of the next run with their reasons: changed keys, with old and new values, code or input."""

import ast
import json
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.cli import parse_config
from snakemake.exceptions import RuleException, WorkflowError
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings
from tabulate import tabulate

from cifarbench.history.diff import diff
from cifarbench.messages import job_labels


def main(configfile: Sequence[Path] = (), config: Sequence[str] = (), targets: Sequence[str] = ()) -> None:
    """Print one row per job. configfile, config, targets: as for snakemake."""
    with SnakemakeApi(OutputSettings(log_level_override=logging.ERROR)) as api:
        try:
            dag = _dry_run(api, configfile, config, targets)
        except (WorkflowError, RuleException) as error:
            api.print_exception(error)
            sys.exit(1)
        jobs = [job for level in dag.toposorted() for job in sorted(level, key=_name) if not job.rule.norun]
        rows = [[*_name(job), "\n".join(reasons(job, dag))] for job in jobs if dag.needrun(job)]
    if rows:
        print(tabulate(rows, ["job", "of", "why"], maxcolwidths=[None, None, 80], disable_numparse=True))
        print(f"\n{len(rows)} jobs would run, {len(jobs) - len(rows)} would not.")
    else:
        print("No job would run: every result is up to date.")


def _dry_run(
    api: SnakemakeApi, configfile: Sequence[Path], config: Sequence[str], targets: Sequence[str]
) -> Any:
    """Return Snakemake's graph of all jobs."""
    workflow_api = api.workflow(
        ResourceSettings(cores=1),
        ConfigSettings(config=parse_config(config), configfiles=configfile),
        snakefile=Path("workflow/Snakefile"),
    )
    # Repeat interrupted jobs, as the default profile does.
    dag_api = workflow_api.dag(DAGSettings(targets=set(targets), force_incomplete=True))
    dag_api.execute_workflow(executor="dryrun")
    # Snakemake has no public function for the graph.
    return workflow_api._workflow.dag


def _name(job: Any) -> tuple[str, str]:
    """Return a job's rule and labels: model, dataset, subset of the images."""
    return job.rule.name, ", ".join(filter(None, job_labels(job.wildcards_dict)))


def reasons(job: Any, dag: Any) -> list[str]:
    """Return why a job runs: changes of the job, or else the rules whose output it waits for."""
    waits_for = dict.fromkeys(other.rule.name for other in dag.dependencies[job] if dag.needrun(other))
    return list(_own_reasons(job, dag)) or [f"input from {name} changes" for name in waits_for]


def _own_reasons(job: Any, dag: Any) -> Iterator[str]:
    records = dag.workflow.persistence
    missing = [path for path in job.output if not Path(path).exists()]
    if not records.has_metadata(job):
        yield "new" if missing else "no record of its creation"
    elif missing:
        yield f"missing: {', '.join(missing)}"
    if dag.reason(job).forced:
        yield "was interrupted"
    yield from _changed_params(records.params_changed(job))
    if any(records.code_changed(job)):
        yield "rule changed"
    if any(records.input_changed(job)):
        old, new = set(records.input(job.output[0])), set(map(str, job.input))
        yield from (f"input added: {path}" for path in sorted(new - old))
        yield from (f"input removed: {path}" for path in sorted(old - new))
    if any(records.software_stack_changed(job)):
        yield "environment changed"
    yield from (f"input changed: {path}" for path in sorted(dag.reason(job).updated_input))


def _changed_params(params: Any) -> Iterator[str]:
    """Yield the changes of a rule's params, which are its settings as JSON and the fingerprint of its code."""
    settings: list[dict[str, Any]] = []
    fingerprints = 0
    for recorded in (params.only_old, params.only_new):
        values = [ast.literal_eval(text) for text in recorded]
        objects = [json.loads(value) for value in values if value.startswith("{")]
        settings.append(objects[0] if objects else {})
        fingerprints += len(values) - len(objects)
    # These two keys hold keys of the configuration.
    yield from (re.sub("^(params|configuration)[.]", "", str(change)) for change in diff(*settings))
    if fingerprints:
        yield "code changed"
