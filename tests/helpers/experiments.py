"""Runs of several experiments in one copy of the project."""

from typing import Any

from helpers.project import Answer, Project


def run_named(project: Project, name: str, changes: dict[str, Any]) -> Answer:
    """Run the project's configuration, overridden by a name and changes."""
    overlay = f"config/{name}.yaml"
    project.write(overlay, {"name": name} | changes)
    # It follows the project's own overlay, which ends the command line.
    answer = project.run(overlay)
    assert answer.code == 0, answer.text
    return answer


def contents(project: Project, folder: str) -> dict[str, bytes]:
    """Return the content of each file of some results."""
    root = project.folder / folder
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
