"""Save, list and compare the finished runs of a dataset."""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from cifarbench.errors import UserError
from cifarbench.history.diff import ABSENT, ConfigChange, diff, flatten
from cifarbench.io.atomic import read_json, write_json, write_text
from cifarbench.io.csv_io import COST_COLUMNS, Row, read_csv
from cifarbench.io.object_store import LocalStore, S3Store

FOLDER = "history"
# Keys of the configuration that change no metric.
NOT_DECISIVE = ("figures", "report", "training", "memory_mb", "cache_dir", "archive", "mute")


@dataclass(frozen=True)
class RunRecord:
    """A finished run, as saved in a folder under `history`.

    configuration: the settings that determined the run. metadata: `when`, `dataset`, `archive`, `versions`, `code`.
    comparison: the rows of comparison.csv. metrics: run id -> content of its metrics.json.
    """

    folder: Path
    configuration: dict[str, Any]
    metadata: dict[str, Any]
    comparison: list[Row]
    metrics: dict[str, dict[str, Any]]

    @property
    def id(self) -> str:
        """The short name for commands, which is the end of the folder's name."""
        return self.folder.name.rpartition("-")[2]

    @property
    def when(self) -> str:
        """The end of the run in UTC, as `2025-11-23 10:22:31`."""
        return datetime.fromisoformat(self.metadata["when"]).strftime("%Y-%m-%d %H:%M:%S")

    @property
    def accuracies(self) -> dict[str, float]:
        """The accuracy of each model."""
        return {row["model"]: row["accuracy"] for row in self.comparison}


def required_files(runs: list[str]) -> list[str]:
    """Return the files of a dataset's results that `save_run` reads."""
    of_runs = [f"models/{run}/{name}.json" for run in runs for name in ("metrics", "fit")]
    return ["comparison.csv", "verdict.json", "checks.json", "data/dataset.json", *of_runs]


def save_run(
    results: Path, config: dict[str, Any], runs: list[str], code: dict[str, str], when: datetime | None = None
) -> Path:
    """Save a finished run to `<results>/history/<time>-<hash>`, completely or not at all, and return that folder.

    config: the configuration; the saved part repeats the run with `--configfile`. runs: ids of the run's models,
    further seeds included. code: rule -> fingerprint of its code. when: now unless given.
    """
    configuration = _used_settings(config)
    when = when or datetime.now(UTC)
    metrics = {run: read_metrics(results, run) for run in runs}
    metadata = {
        "when": when.astimezone(UTC).isoformat(timespec="seconds"),
        "dataset": configuration["dataset"],
        "archive": read_json(results / "data/dataset.json")["archive"],
        "versions": _versions([read_json(results / "models" / run / "fit.json")["versions"] for run in runs]),
        "code": code,
    }
    content = json.dumps([configuration, metadata, metrics], sort_keys=True)
    name = f"{when.astimezone(UTC):%Y-%m-%dT%H%M%SZ}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
    folder = results / FOLDER / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    for partial in folder.parent.glob(".*.part"):
        shutil.rmtree(partial)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".", suffix=".part"))
    try:
        write_text(part / "config.yaml", yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True))
        write_json(part / "run.json", metadata)
        write_json(part / "metrics.json", metrics)
        shutil.copyfile(results / "comparison.csv", part / "comparison.csv")
        part.chmod(0o755)
        os.replace(part, folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return folder


def folders_with_runs(results: Path, dataset: str = "") -> list[Path]:
    """Return the folders of datasets with saved runs, of experiments without and with a name.

    results: the folder of all results. dataset: the only dataset, or `<name>/<dataset>`.
    """
    pattern = f"{dataset or '*'}/{FOLDER}"
    return sorted(path.parent for depth in ("", "*/") for path in results.glob(depth + pattern))


def describe_replaced_run(store: LocalStore | S3Store, results: str, config: dict[str, Any]) -> str | None:
    """Return a sentence on the last saved run if a run with `config` replaces its results by others; or None.

    store: the store of the dataset's results. results: their folder, as it is named to the user.
    """
    history = store / FOLDER
    names = {name.partition("/")[0] for name in history.list_files()}
    saved = sorted(name for name in names if not name.startswith(".") and not name.endswith(".md"))
    if not saved:
        return None
    before = yaml.safe_load(history.read(f"{saved[-1]}/config.yaml"))
    keys = [change.key for change in diff(before, _used_settings(config))]
    decisive = [key for key in keys if key.partition(".")[0] not in NOT_DECISIVE]
    if not decisive:
        return None
    n_more = len(decisive) - 3
    more = f" and {n_more} more key{'s' * (n_more > 1)}" if n_more > 0 else ""
    return (
        f"{results} holds the finished run {saved[-1].rpartition('-')[2]} of another configuration (it differs in "
        f"{', '.join(decisive[:3])}{more}), whose results this run replaces; to keep both, stop it and set name: in "
        "the configuration (NAME= with make)."
    )


def load_runs(results: Path) -> list[RunRecord]:
    """Return the saved runs of a dataset, oldest first."""
    return [read_run(path) for path in sorted((results / FOLDER).glob("[!.]*")) if path.is_dir()]


def find_run(runs: list[RunRecord], name: str) -> RunRecord:
    """Return the run whose id or folder name begins with `name`; UserError unless exactly one does."""
    matches = [run for run in runs if run.id.startswith(name) or run.folder.name.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    known = ", ".join(run.id for run in runs)
    raise UserError(f"{name} matches {len(matches) or 'no'} finished runs; name one of {known}.")


def changed_keys(old: RunRecord, new: RunRecord) -> list[ConfigChange]:
    """Return the changes between two runs of configuration, data, code and versions."""
    return diff(_determinants(old), _determinants(new))


def changed_metrics(old: RunRecord, new: RunRecord, per_class: bool = False) -> list[list[Any]]:
    """Return rows [run id, metric, old value, new value, difference] of the metrics and costs that changed.

    per_class: whether to include metrics of single classes. Missing values, and their differences, are None.
    """
    rows = []
    for run in dict.fromkeys([*new.metrics, *old.metrics]):
        before, after = flat_metrics(old, run, per_class), flat_metrics(new, run, per_class)
        for metric in dict.fromkeys([*after, *before]):
            a, b = before.get(metric), after.get(metric)
            if a != b:
                rows.append([run, metric, a, b, None if a is None or b is None else b - a])
    return rows


def summary_table(runs: list[RunRecord]) -> tuple[list[str], list[list[str]]]:
    """Return headers and rows of a table of runs: accuracies, and the keys that changed since the run before."""
    models = list(dict.fromkeys(model for run in reversed(runs) for model in run.accuracies))
    rows = []
    for before, run in zip([None, *runs], runs, strict=False):
        by_model = run.accuracies
        accuracies = [f"{by_model[model]:.4f}" if model in by_model else ABSENT for model in models]
        changed = [change.key for change in changed_keys(before, run)] if before else []
        rows.append([run.when, run.id, *accuracies, ", ".join(changed)])
    return ["ended (UTC)", "run", *models, "changed since the run before"], rows


def read_run(folder: Path) -> RunRecord:
    """Return the run in a folder that `save_run` wrote."""
    return RunRecord(
        folder,
        yaml.safe_load((folder / "config.yaml").read_text()),
        read_json(folder / "run.json"),
        read_csv(folder / "comparison.csv"),
        read_json(folder / "metrics.json"),
    )


def _determinants(run: RunRecord) -> dict[str, Any]:
    metadata = run.metadata
    data = {"archive sha256": metadata["archive"]["sha256"]}
    return {**run.configuration, **data, "code": metadata["code"], "versions": metadata["versions"]}


def flat_metrics(run: RunRecord, run_id: str, per_class: bool = True) -> dict[str, float]:
    """Return a run's metrics and costs by dotted key."""
    costs = next((row for row in run.comparison if row["model"] == run_id), {})
    values = flatten(run.metrics.get(run_id, {})) | {name: costs.get(name) for name in COST_COLUMNS}
    return {
        key: value
        for key, value in values.items()
        if isinstance(value, int | float) and (per_class or not key.startswith("per_class."))
    }


def read_metrics(results: Path, run_id: str) -> dict[str, Any]:
    """Return the content of a run's metrics.json."""
    return read_json(results / "models" / run_id / "metrics.json")


def _used_settings(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration without the datasets and models that the run does not use."""
    return {key: value for key, value in config.items() if value is not None} | {
        "datasets": {config["dataset"]: config["datasets"][config["dataset"]]},
        "models": {model: config["models"][model] for model in config["compare"]},
    }


def _versions(of_models: list[dict[str, str]]) -> dict[str, str]:
    """Return the versions of each package that fitted the models, joined by commas if they differ."""
    packages = dict.fromkeys(package for versions in of_models for package in versions)
    return {
        package: ", ".join(sorted({versions[package] for versions in of_models if package in versions}))
        for package in packages
    }
