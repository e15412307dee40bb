"""The RO-Crate of a finished run: its content, its validation, and a run reproduced from it."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests
from test_own_models import LAYERS, SMALL

from helpers.project import Project

MODELS = ["knn_pca", "small"]
ENTRY = {"family": "network", "module": "my_models/small.py:Small", "epochs": 2}
ENTRY |= {"learning_rate": 0.05, "batch_size": 16}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, overlay: dict) -> Project:
    project = Project.create(tmp_path_factory.mktemp("crate") / "study", overlay)
    (project.folder / "my_models").mkdir()
    (project.folder / "my_models/small.py").write_text(SMALL)
    (project.folder / "my_models/layers.py").write_text(LAYERS)
    project.configure(
        lambda settings: settings.update(
            compare=MODELS, models=settings["models"] | {"small": ENTRY}, audit=False
        )
    )
    project.succeed()
    return project


@pytest.fixture(scope="module")
def crate(study: Project) -> Path:
    path = study.folder / "crate.zip"
    answer = study.cifarbench("crate", "--results", f"results/{study.dataset}", "--crate", str(path))
    assert answer.code == 0, answer.text
    return path


@pytest.fixture(scope="module")
def described(crate: Path) -> dict[str, dict[str, Any]]:
    """The entities of the crate by their ids."""
    with zipfile.ZipFile(crate) as content:
        graph = json.loads(content.read("ro-crate-metadata.json"))["@graph"]
    return {entity["@id"]: entity for entity in graph}


def test_a_crate_describes_inputs_results_times_and_software(study, described):
    run = described["#run"]
    archive = json.loads((study.results / "data/source.json").read_text())
    assert run["instrument"] == {"@id": "workflow/Snakefile"}
    assert {one["@id"] for one in run["object"]} == {"#archive", "run/config.yaml"}
    assert described["#archive"]["sha256"] == archive["sha256"]
    assert run["startTime"] < run["endTime"]
    results = {one["@id"] for one in run["result"]}
    for file in (
        "report.html",
        "comparison.csv",
        "models/small/network.safetensors",
        "models/knn_pca/metrics.json",
    ):
        assert f"results/tiny/{file}" in results
    # The user's module, and the module that it imports.
    assert {"my_models/small.py", "my_models/layers.py", "workflow/rules/data.smk"} <= set(described)
    versions = described["workflow/Snakefile"]["softwareRequirements"]
    assert any(one["@id"].startswith("pkg:pypi/numpy@") for one in versions)
    assert not any(name.startswith(("results/tiny/features", "results/tiny/logs")) for name in described)


def test_every_file_is_there_with_its_checksum(crate, described):
    with zipfile.ZipFile(crate) as content:
        names = set(content.namelist()) - {"ro-crate-metadata.json"}
        files = {name: entity for name, entity in described.items() if "contentSize" in entity}
        files.pop("#archive")
        assert names == set(files)
        for name, entity in files.items():
            assert hashlib.sha256(content.read(name)).hexdigest() == entity["sha256"], name


def test_the_crate_passes_validation(crate):
    services = pytest.importorskip("rocrate_validator.services", reason="needs roc-validator")
    try:
        requests.get("https://w3id.org/ro/crate/1.1/context", timeout=10).raise_for_status()
    except requests.RequestException:
        pytest.skip("needs w3id.org: the validator asks it for the crates' vocabulary")
    from rocrate_validator.models import Severity, ValidationSettings

    settings = ValidationSettings(
        rocrate_uri=str(crate),
        profile_identifier="workflow-run-crate",
        requirement_severity=Severity.REQUIRED,
    )
    assert [issue.message for issue in services.validate(settings).get_issues()] == []


def test_a_run_reproduced_from_its_crate_has_the_same_metrics(study, crate, tmp_path):
    folder = tmp_path / "again"
    answer = study.cifarbench("reproduce", "--crate", str(crate), "--folder", str(folder), "--cores", "2")
    assert answer.code == 0, answer.text
    assert "metrics of 2 models are equal to those of run" in answer.text
    assert (folder / "results/tiny/report.html").is_file()

    # A metric with another value is reported.
    record = folder / "run/metrics.json"
    metrics = json.loads(record.read_text())
    metrics["knn_pca"]["accuracy"] += 0.5
    record.write_text(json.dumps(metrics))
    answer = study.cifarbench("reproduce", "--crate", str(crate), "--folder", str(folder))
    assert answer.code == 1
    assert "1 of" in answer.text
    (row,) = [line for line in answer.text.splitlines() if line.startswith("knn_pca  accuracy")]
    assert row.split()[-1] == "-0.5"


def test_invalid_crates_and_unfinished_runs_are_refused(study, crate, tmp_path):
    (tmp_path / "x.zip").write_text("x")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as content:
        content.writestr("a", "b")
    (tmp_path / "taken").mkdir()
    for arguments, message in (
        (["--crate", str(tmp_path / "x.zip")], "can't be read as a crate"),
        (["--crate", str(tmp_path / "none.zip")], "can't be read as a crate"),
        (["--crate", str(tmp_path / "other.zip")], "is not a crate of an experiment"),
        (["--crate", str(crate), "--folder", str(tmp_path / "taken")], "is not from this crate"),
    ):
        answer = study.cifarbench("reproduce", *arguments)
        assert answer.code == 1
        assert answer.text.startswith("Error: ")
        assert message in answer.text
    unfinished = study.copy(tmp_path / "unfinished")
    shutil.rmtree(unfinished.results / "history")
    pack = ["--results", f"results/{study.dataset}", "--crate", "crate.zip"]
    assert "has no finished run" in unfinished.cifarbench("crate", *pack).text
    changed = study.copy(tmp_path / "changed")
    (changed.results / "models/small/metrics.json").write_text("{}")
    assert "is not of the last finished run" in changed.cifarbench("crate", *pack).text
