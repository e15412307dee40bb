"""Run an experiment again from its RO-Crate, and compare all metrics."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tabulate import tabulate

from cifarbench.cli.diff import METRICS, format_row
from cifarbench.errors import UserError
from cifarbench.export.ro_crate import CONFIGURATION, RUN_FILES
from cifarbench.history import records
from cifarbench.io.csv_io import COST_COLUMNS
from cifarbench.planning.paths import results_root

METADATA = "ro-crate-metadata.json"
SETTINGS = f"{RUN_FILES}/{CONFIGURATION}"


def main(crate: Path, folder: str = "", archive: str = "", cores: int = 1) -> None:
    """Run the code in a crate, which must be from a trusted source, and print the changed metrics.

    crate: a file of `cifarbench crate`. folder: for the unpacked crate and its run, `rebuilt/<name>` unless given; an
    interrupted run continues. archive: the data, if their path differs from that in the configuration.
    """
    root = Path(folder) if folder else Path("rebuilt") / crate.stem
    _unpack(crate, root)
    old = records.read_run(root / RUN_FILES)
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile", SETTINGS]
    if archive:
        path = json.dumps(str(Path(archive).resolve()))
        # Snakemake strips quotes at both ends of a value, but not behind spaces.
        command += ["--config", f"archive= {path} ", f"sha256={old.metadata['archive']['sha256']}"]
    # Rules call `python`; it must be the one that runs this.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    code = subprocess.call(command, cwd=root, env=os.environ | {"PATH": path})
    if code:
        raise UserError(
            f"The run in {root} failed; its error is above. Correct it and run the same command again."
        )
    new = records.load_runs(root / results_root(old.configuration) / old.metadata["dataset"])[-1]
    for change in records.changed_keys(old, new):
        print(f"Changed since: {change}")
    rows = records.changed_metrics(old, new, per_class=True)
    changed = [row for row in rows if row[1] not in COST_COLUMNS]
    count = sum(len(records.flat_metrics(old, name)) for name in old.metrics)
    if not changed:
        print(f"All {count} metrics of {len(old.metrics)} models are equal to those of run {old.id}.")
        return
    print(tabulate(map(format_row, changed), METRICS, disable_numparse=True))
    raise UserError(
        f"{len(changed)} of {count} metrics differ, as listed above; compare versions and hardware."
    )


def _unpack(crate: Path, root: Path) -> None:
    """Unpack the program, the configuration and the record of the run, without the results."""
    try:
        with zipfile.ZipFile(crate) as content:
            names = set(content.namelist())
            if not {METADATA, SETTINGS} <= names:
                raise UserError(
                    f"{crate} is not a crate of an experiment; name a file that make ro-crate has written."
                )
            description = content.read(METADATA)
            if (root / METADATA).is_file() and (root / METADATA).read_bytes() == description:
                return
            if root.exists():
                raise UserError(
                    f"{root} exists and is not from this crate; name another folder, or delete it."
                )
            part = root.with_name(f".{root.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            content.extractall(part, [name for name in names if not name.startswith("results/")])
            part.rename(root)
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{crate} can't be read as a crate ({error}); name a file that make ro-crate has written."
        ) from None
