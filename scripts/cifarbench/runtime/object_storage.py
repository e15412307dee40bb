"""Results in object storage: Snakemake's plugin brings jobs their files and takes them back; the rest is here."""

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cifarbench.io.store import ENVIRONMENT, SETTINGS, S3Store
from cifarbench.runtime import failures


def of(workflow: Any) -> S3Store | None:
    """Where the results of a run go, if not to the disk. UserError if nothing can be written there.

    What the plugin was told goes on to the jobs by their environment.
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


@contextlib.contextmanager
def at_hand(bucket: S3Store | None, results: str, names: Iterable[str]) -> Iterator[Path]:
    """The folder of a dataset's results; of those in object storage, one with copies of a few, and what is added to it
    goes there, too.
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
    """Remove each record of a failure that stands in place of one of these files, wherever they lie; what they said.

    paths: as rules name them, or as Snakemake does in its jobs.
    """
    if bucket is None:
        return failures.clear_failures(map(Path, paths))
    queries = (path.storage_object.query if getattr(path, "is_storage", False) else path for path in paths)
    return failures.clear_failure_objects(
        bucket, {str(query).removeprefix(f"{bucket}/") for query in queries}
    )
