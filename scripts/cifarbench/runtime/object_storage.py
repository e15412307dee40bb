"""Access results in object storage outside of jobs, whose files Snakemake's plugin transfers."""

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cifarbench.io.object_store import ENVIRONMENT, SETTINGS, LocalStore, S3Store
from cifarbench.runtime import failures


def get_store(workflow: Any) -> S3Store | None:
    """Return the store of a run's results, or None for the disk; UserError if it is not writable.

    The plugin's settings are passed to jobs by environment variables.
    """
    settings = workflow.storage_settings
    if settings.default_storage_provider != "s3":
        return None
    plugin_settings = workflow.storage_provider_settings["s3"].get_settings(None)
    for name in SETTINGS:
        if value := getattr(plugin_settings, name, None):
            os.environ[f"{ENVIRONMENT}{name.upper()}"] = value
    bucket = S3Store(settings.default_storage_prefix or "")
    if workflow.is_main_process:
        if workflow.output_settings.dryrun:
            bucket.list_files()
        else:
            bucket.check_access()
    return bucket


@contextlib.contextmanager
def local_copies(bucket: S3Store | None, results: str, names: Iterable[str]) -> Iterator[Path]:
    """Yield the folder of a dataset's results.

    For object storage it is a temporary folder with copies of `names`; new files in it are uploaded at the end.
    """
    if bucket is None:
        yield Path(results)
        return
    store = bucket / results
    with tempfile.TemporaryDirectory() as folder:
        copies = LocalStore(Path(folder))
        for name in names:
            copies.write(name, store.read(name))
        before = set(copies.path.rglob("*"))
        yield copies.path
        for path in set(copies.path.rglob("*")) - before:
            if path.is_file():
                store.write(path.relative_to(copies.path).as_posix(), path.read_bytes())


def clear_failures(bucket: S3Store | None, paths: Iterable[Any]) -> list[failures.Failure]:
    """Remove the failure records in place of these files, on disk or in object storage, and return the failures.

    paths: outputs of rules, or of Snakemake's jobs.
    """
    if bucket is None:
        return failures.clear_failures(map(Path, paths))
    queries = (path.storage_object.query if getattr(path, "is_storage", False) else path for path in paths)
    return failures.clear_failure_objects(
        bucket, {str(query).removeprefix(f"{bucket}/") for query in queries}
    )
