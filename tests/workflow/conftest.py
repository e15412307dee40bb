"""A finished run of the tiny study, made once, and copies of it to change."""

from pathlib import Path

import pytest
from project import Project
from tiny import configuration, write_archive


@pytest.fixture(scope="session")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> dict:
    archive = tmp_path_factory.mktemp("archive") / "tiny.tar.gz"
    return configuration(archive, write_archive(archive))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, overlay: dict) -> Project:
    """Not to be changed."""
    project = Project.create(tmp_path_factory.mktemp("finished") / "study", overlay)
    answer = project.run()
    assert answer.code == 0, answer.text
    (project.folder / "run.log").write_text(answer.log)
    (project.folder / "run.out").write_text(answer.text)
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished run."""
    return finished.copy(tmp_path / "study")


@pytest.fixture
def fresh(overlay: dict, tmp_path: Path) -> Project:
    """A project in which nothing has run."""
    return Project.create(tmp_path / "fresh", overlay)
