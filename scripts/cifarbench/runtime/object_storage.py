"""Access results in object storage outside of jobs, whose files Snakemake's plugin transfers."""

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cifarbench.io.object_store import ENVIRONMENT, SETTINGS, LocalStore, S3Store
from cifarbench.runtime import failures


def of(workflow: Any) -> S3Store | None:
    """Return the store of a run's results, None for the disk; UserError if it can't be written to.

    The plugin's settings are passed on to jobs by the environment.
    """
    settings = workflow.storage_settings
    if settings.default_storage_provider != "s3":
        return None
    told = workflow.storage_provider_settings["s3"].get_settings(None)
    for name in SETTINGS:
        if value := getattr(told, name, None):
            os.environ[f"{ENVIRONMENT}{name.upper()}"] = value
    bucket = S3Store(settings.default_storage_prefix or "")
    if workflow.is_main_process:
        if workflow.output_settings.dryrun:
            bucket.list_files()
        else:
            bucket.check_access()
    return bucket


def results_store(bucket: S3Store | None) -> LocalStore | S3Store:
    """Return the store that holds the folder of all results: object storage, or the working folder."""
    return bucket or LocalStore(Path())


@contextlib.contextmanager
def at_hand(bucket: S3Store | None, results: str, names: Iterable[str]) -> Iterator[Path]:
    """Yield the folder of a dataset's results.

    For object storage it is a temporary folder with copies of `names`; files that the block adds to it are uploaded.
    """
    if bucket is None:
        yield Path(results)
        return
    with tempfile.TemporaryDirectory() as folder:
        copies = Path(folder)
        for name in names:
            (copies / name).parent.mkdir(parents=True, exist_ok=True)
            (copies / name).write_bytes((bucket / results).read(name))
        before = set(copies.rglob("*"))
        yield copies
        for path in set(copies.rglob("*")) - before:
            if path.is_file():
                (bucket / results).write(path.relative_to(copies).as_posix(), path.read_bytes())


def take_away_failures(bucket: S3Store | None, paths: Iterable[Any]) -> list[failures.Failure]:
    """Remove each record of a failure that replaces one of these files, on disk or in storage, and return the failures.

    paths: outputs of rules, or of Snakemake's jobs.
    """
    if bucket is None:
        return failures.clear_failures(map(Path, paths))
    queries = (path.storage_object.query if getattr(path, "is_storage", False) else path for path in paths)
    return failures.clear_failure_objects(
        bucket, {str(query).removeprefix(f"{bucket}/") for query in queries}
    )
