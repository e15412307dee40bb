"""A finished run of the tiny experiment, made once, and copies that tests may change."""

from pathlib import Path

import pytest

from cifarbench.io.atomic import sha256_file
from helpers.project import Project
from helpers.tiny import configuration, write_archive


@pytest.fixture(scope="session")
def overlay(made_once) -> dict:
    archive = made_once("archive", lambda folder: write_archive(folder / "tiny.tar.gz")) / "tiny.tar.gz"
    return configuration(archive, sha256_file(archive))


@pytest.fixture(scope="session")
def finished(made_once, overlay: dict) -> Project:
    """The finished run, which tests must not change."""

    def run(folder: Path) -> None:
        project = Project.create(folder / "study", overlay)
        answer = project.run()
        assert answer.code == 0, answer.text
        (project.folder / "run.log").write_text(answer.log)
        (project.folder / "run.out").write_text(answer.text)

    return Project(made_once("finished", run) / "study", overlay["dataset"])


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished run."""
    return finished.copy(tmp_path / "study")


@pytest.fixture
def fresh(overlay: dict, tmp_path: Path) -> Project:
    """A project in which nothing has run."""
    return Project.create(tmp_path / "fresh", overlay)
