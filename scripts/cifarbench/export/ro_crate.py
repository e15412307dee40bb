"""Write a finished experiment as a Workflow Run RO-Crate: workflow, configuration, inputs, outputs, times, software.

https://www.researchobject.org/workflow-run-crate/profiles/workflow_run_crate
"""

import mimetypes
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from cifarbench.data.provenance import list_files
from cifarbench.errors import UserError
from cifarbench.history.records import RunRecord
from cifarbench.io.atomic import atomic_write, sha256_file
from cifarbench.planning.paths import results_root

# Files and folders of the program.
PROGRAM = ("workflow", "scripts", "config", "environment.yml", "requirements.txt", "LICENSE", "README.md")
SNAKEFILE = "workflow/Snakefile"
# Results that can be computed again, or that are in the archive: all arrays but predictions.
EXCLUDED: tuple[str, ...] = ("data/*.npy", "data/bundled_archive", "features/*", "fitted/*")
EXCLUDED += ("covariance/*", "splits/*")
# Logs contain paths of the machine.
EXCLUDED += ("checkpoints/*", "history/*", "logs/*", "predicted/*", "export/*.demo.html", "*/cv/*")
# Folder in the crate of the run's record, and the configuration in it that repeats the run.
RUN_FILES = "run"
CONFIGURATION = "config.yaml"
RECORDED = (CONFIGURATION, "run.json", "metrics.json", "comparison.csv")
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
LICENCE = "https://spdx.org/licenses/MIT"


def write_ro_crate(
    path: Path, project: Path, results: Path, run: RunRecord, user_files: list[Path], commit: str | None
) -> int:
    """Write the crate, a zip, and return its number of files.

    project: the program's folder. results: the dataset's. run: the finished run of these results. user_files: user code
    that the configuration names, within the project. commit: of the program; None outside a git clone.
    """
    metadata = run.metadata
    crate = ROCrate(version="1.1")
    crate.name = f"cifarbench on {metadata['dataset']}, run {run.id}"
    crate.description = (
        f"Benchmark of image classifiers on {metadata['dataset']}: {', '.join(run.accuracies)}."
    )
    crate.license = crate.add(ContextEntity(crate, LICENCE, {"@type": "CreativeWork", "name": "MIT License"}))
    crate.datePublished = datetime.fromisoformat(metadata["when"])
    for identifier, (name, number) in PROFILES.items():
        profile = {"@type": "CreativeWork", "name": name, "version": number}
        crate.root_dataset.append_to("conformsTo", crate.add(ContextEntity(crate, identifier, profile)))
    workflow = crate.add_workflow(
        project / SNAKEFILE,
        SNAKEFILE,
        main=True,
        lang="snakemake",
        lang_version=version("snakemake"),
        properties=_properties(project / SNAKEFILE)
        | {"name": "cifarbench", "license": {"@id": LICENCE}, "conformsTo": {"@id": BIOSCHEMAS}}
        | ({"version": commit} if commit else {}),
    )
    workflow["softwareRequirements"] = [
        _software(crate, name, number) for name, number in metadata["versions"].items()
    ]

    def add(file: Path, name: str) -> Any:
        return crate.add_file(file, name, properties=_properties(file))

    for file in _program_files(project, user_files):
        entity = add(file, file.relative_to(project).as_posix())
        if entity.id == "README.md":
            entity["about"] = {"@id": "./"}
    record = {name: add(run.folder / name, f"{RUN_FILES}/{name}") for name in RECORDED}
    archive = crate.add(ContextEntity(crate, "#archive", _archive(metadata)))
    action = crate.add_action(
        workflow,
        "#run",
        object=[archive, record[CONFIGURATION]],
        result=[
            add(file, f"{results_root(run.configuration)}/{file.relative_to(results.parent).as_posix()}")
            for file in _outputs(results)
        ],
        properties={
            "name": f"Run {run.id} of cifarbench on {metadata['dataset']}",
            "description": f"Trained, tested and compared all models of {RUN_FILES}/{CONFIGURATION}.",
            "startTime": _start_time(results),
            "endTime": metadata["when"],
            "actionStatus": "http://schema.org/CompletedActionStatus",
        },
    )
    crate.root_dataset.append_to("mentions", action)
    with atomic_write(path) as stream:
        for chunk in crate.stream_zip():
            stream.write(chunk)
    return len(crate.data_entities)


def _software(crate: ROCrate, name: str, number: str) -> ContextEntity:
    # A package URL.
    url = f"pkg:pypi/{name}@{number}"
    if name == "python":
        url = f"https://www.python.org/downloads/release/python-{number.replace('.', '')}/"
    properties = {"@type": "SoftwareApplication", "name": name, "softwareVersion": number, "url": url}
    return crate.add(ContextEntity(crate, url, properties))


def _program_files(project: Path, user_files: list[Path]) -> list[Path]:
    """Return the files of the program and the user's, without the Snakefile, which is the workflow itself."""
    for file in user_files:
        if not file.resolve().is_relative_to(project.resolve()):
            raise UserError(
                f"{file}, which the configuration names, is outside {project.resolve()}; copy it into that folder and "
                "name the copy."
            )
    files = {project / file for file in user_files}
    for name in PROGRAM:
        entries = [project / name, *(project / name).rglob("*")]
        files.update(file for file in entries if file.is_file() and file.suffix != ".pyc")
    return sorted(files - {project / SNAKEFILE})


def _outputs(results: Path) -> list[Path]:
    names = [file.relative_to(results).as_posix() for file in list_files(results)]
    return [results / name for name in names if not any(fnmatch(name, pattern) for pattern in EXCLUDED)]


def _properties(file: Path) -> dict[str, Any]:
    return {
        "name": file.name,
        "encodingFormat": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        "contentSize": file.stat().st_size,
        "sha256": sha256_file(file),
    }


def _archive(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of the archive, which is not in the crate."""
    archive = metadata["archive"]
    properties = {
        "@type": "CreativeWork",
        "name": f"the archive of {metadata['dataset']}",
        "sha256": archive["sha256"],
        "contentSize": archive["bytes"],
        "description": f"Source: {archive['source']}.",
    }
    return properties | ({"url": archive["source"]} if archive["source"].startswith("https:") else {})


def _start_time(results: Path) -> str:
    """Return the start of the first job, by its benchmark file, in ISO format."""
    starts = [
        file.stat().st_mtime - float(file.read_text().splitlines()[1].split("\t")[0])
        for file in results.glob("benchmarks/**/*.tsv")
    ]
    if not starts:
        raise UserError(f"{results}/benchmarks has no times of jobs; run the experiment again.")
    return datetime.fromtimestamp(min(starts), UTC).isoformat(timespec="seconds")
