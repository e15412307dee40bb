"""Run a study again from its crate, and compare what comes out, metric by metric."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tabulate import tabulate

from cifarbench.errors import UserError
from cifarbench.export.ro_crate import CONFIGURATION, RUN_FILES
from cifarbench.history import records

METADATA = "ro-crate-metadata.json"
SETTINGS = f"{RUN_FILES}/{CONFIGURATION}"


def main(crate: Path, folder: str = "", archive: str = "", cores: int = 1) -> None:
    """crate: as pack_crate has written it. Its code is run: take it from where you trust.

    folder: where it is unpacked and run, `rebuilt/<its name>` unless given; a run that was cut off goes on there.
    archive: the data, if they are not where the configuration says.
    """
    place = Path(folder) if folder else Path("rebuilt") / crate.stem
    _unpack(crate, place)
    old = records.read_run(place / RUN_FILES)
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile", SETTINGS]
    if archive:
        command += [
            "--config",
            # Snakemake strips quotes at both ends of a value, but not behind spaces.
            f"archive= {json.dumps(str(Path(archive).resolve()))} ",
            f"sha256={old.about['archive']['sha256']}",
        ]
    # Rules call `python`: the one that runs this.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    code = subprocess.call(command, cwd=place, env=os.environ | {"PATH": path})
    if code:
        raise UserError(f"The study in {place} did not come to its end; what it said stands above.")
    new = records.load_runs(place / "results" / old.about["dataset"])[-1]
    for change in records.changed_keys(old, new):
        print(f"Other than then: {change}")
    changed = [
        row for row in records.changed_metrics(old, new, per_class=True) if row[1] not in records.COSTS
    ]
    count = sum(len(records.flat_metrics(old, name)) for name in old.metrics)
    if not changed:
        print(f"All {count} metrics of {len(old.metrics)} models are the same as in run {old.id}.")
        return
    rows = [
        [name, metric, *("" if value is None else f"{value:.6g}" for value in values)]
        for name, metric, *values in changed
    ]
    print(tabulate(rows, ["model", "metric", "then", "now", "difference"], disable_numparse=True))
    raise UserError(f"{len(changed)} of {count} metrics are not the same; what differs stands above.")


def _unpack(crate: Path, place: Path) -> None:
    """Program, configuration and record, without the results, which are to be made."""
    try:
        with zipfile.ZipFile(crate) as content:
            names = set(content.namelist())
            if not {METADATA, SETTINGS} <= names:
                raise UserError(
                    f"{crate} is no crate of a study; name a file that make ro-crate has written."
                )
            description = content.read(METADATA)
            if place.exists():
                if not (place / METADATA).is_file() or (place / METADATA).read_bytes() != description:
                    raise UserError(
                        f"{place} is there and is not of this crate; name another folder, or delete it."
                    )
                return
            part = place.with_name(f".{place.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            content.extractall(part, [name for name in names if not name.startswith("results/")])
            part.rename(place)
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{crate} can't be read as a crate ({error}); name a file that make ro-crate has written."
        ) from None
