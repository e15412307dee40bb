"""Draw the house, a box a room, from the rules themselves: which room's files another room's rules read."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from cifarbench.errors import UserError
from cifarbench.io.markdown_sections import replace_section

RULES = Path("workflow/rules")
# A study in which each room has work.
FOREST = {"family": "estimator", "features": "pca", "estimator": "sklearn.ensemble.RandomForestClassifier"}
EVERY_ROOM = {
    "robustness": {"severities": [1]},
    "suite": {"train_sizes": 1},
    "compare": ["knn_grid", "forest", "mlp"],
    "models": {
        "forest": FOREST | {"tune": {"folds": 2, "grid": {"n_estimators": [10, 100]}}},
        "mlp": {"tune": {"folds": 2, "grid": {"learning_rate": [0.01, 0.1]}}},
    },
}
# Beside what is made by default, what is made when it is asked for.
TARGETS = ["all", *(f"results/cifar10/export/mlp.{end}" for end in ("demo.html", "model_card.md"))]
NODE = re.compile(r'^\s*(\d+)\[label = "(\w+)"', re.MULTILINE)
EDGE = re.compile(r"^\s*(\d+) -> (\d+)", re.MULTILINE)


def main(page: Path) -> None:
    """page: the Markdown file that holds the picture between its two marks."""
    replace_section(page, "make docs-rulegraph", f"```mermaid\n{picture()}\n```")


def picture() -> str:
    """The house as a Mermaid flow chart: rooms in the order of the Snakefile, with their rules."""
    rooms = _rooms()
    room_of = {rule: room for room, rules in rooms.items() for rule in rules}
    rulegraph = _rulegraph()
    names = dict(NODE.findall(rulegraph))
    edges = {
        (room_of[names[a]], room_of[names[b]])
        for a, b in EDGE.findall(rulegraph)
        if names[a] in room_of and names[b] in room_of
    }
    boxes = [f'    {room}["<b>{room}</b><br>{"<br>".join(rules)}"]' for room, rules in rooms.items()]
    order = list(rooms)
    onwards = {(a, b) for a, b in edges if order.index(a) < order.index(b)}
    # What a grid has chosen goes back to those who wait for it.
    back = {(b, a) for a, b in edges if order.index(a) > order.index(b)}
    kept = _needed(onwards)
    arrows = [f"    {a} {'<-->' if (a, b) in back else '-->'} {b}" for a, b in _sorted(kept, order)]
    arrows += [f"    {b} -.-> {a}" for a, b in _sorted(back - kept, order)]
    return "\n".join(["flowchart LR", *boxes, *arrows])


def _sorted(edges: set[tuple[str, str]], order: list[str]) -> list[tuple[str, str]]:
    return sorted(edges, key=lambda edge: tuple(map(order.index, edge)))


def _rooms() -> dict[str, list[str]]:
    """The rules of each rules file that has any, in the Snakefile's order."""
    included = re.findall(r'include: "rules/(\w+)\.smk"', Path("workflow/Snakefile").read_text())
    found = {
        room: re.findall(r"^rule (\w+):", (RULES / f"{room}.smk").read_text(), re.MULTILINE)
        for room in included
    }
    return {room: rules for room, rules in found.items() if rules}


def _rulegraph() -> str:
    """What Snakemake says of which rule reads what another makes, as DOT."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(EVERY_ROOM, file)
        file.flush()
        command = [
            "-m",
            "snakemake",
            *TARGETS,
            "--rulegraph",
            "--forceall",
            "--cores",
            "1",
            "--configfile",
            file.name,
        ]
        answer = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    if answer.returncode:
        raise UserError(f"Snakemake can't draw the rules: {answer.stderr.strip()}")
    return answer.stdout


def _needed(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows without those that say no more than others do, one after the other."""
    kept = set(edges)
    for edge in sorted(edges):
        if _reaches(*edge, kept - {edge}):
            kept.remove(edge)
    return kept


def _reaches(start: str, end: str, edges: set[tuple[str, str]]) -> bool:
    seen, waiting = set(), [start]
    while waiting:
        here = waiting.pop()
        if here == end:
            return True
        seen.add(here)
        waiting += [b for a, b in edges if a == here and b not in seen]
    return False
