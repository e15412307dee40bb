"""Runs of several experiments in one copy of the project."""

from typing import Any

from helpers.project import Answer, Project


def run_named(project: Project, name: str, changes: dict[str, Any]) -> Answer:
    """Run the project's configuration, overridden by a name and changes."""
    overlay = f"config/{name}.yaml"
    project.write(overlay, {"name": name} | changes)
    # The command line ends with the option of the project's own overlay, to which this file is added.
    answer = project.run(overlay)
    assert answer.code == 0, answer.text
    return answer


def contents(project: Project, folder: str) -> dict[str, bytes]:
    """Return the content of each file of a results folder by its path."""
    root = project.folder / folder
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
