"""Draw the stages of the workflow and their rules as SVG, from the rule graph of Snakemake."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import networkx as nx
import yaml

from cifarbench.errors import UserError

RULES = Path("workflow/rules")
# An experiment in which every stage has jobs.
FOREST = {"family": "estimator", "features": "pca", "estimator": "sklearn.ensemble.RandomForestClassifier"}
EXPERIMENT = {
    "robustness": {"severities": [1]},
    "suite": {"train_sizes": 1},
    "compare": ["knn_grid", "forest", "mlp"],
    "models": {
        "forest": FOREST | {"tune": {"folds": 2, "grid": {"n_estimators": [10, 100]}}},
        "mlp": {"tune": {"folds": 2, "grid": {"learning_rate": [0.01, 0.1]}}},
    },
}
# The default targets, and those that have to be named.
TARGETS = ["all", *(f"results/cifar10/export/mlp.{end}" for end in ("demo.html", "model_card.md"))]
# In pixels.
MARGIN = 10
BOX_WIDTH = 200
COLUMN_GAP = 60
ROW_GAP = 24
LINE_HEIGHT = 18
PADDING = 8
HEAD = 7
BACK_OFFSET = 14
NODE = re.compile(r'^\s*(\d+)\[label = "(\w+)"', re.MULTILINE)
RULE = re.compile(r"^(?:use rule \w+ as|rule) (\w+)(?: with)?:", re.MULTILINE)
EDGE = re.compile(r"^\s*(\d+) -> (\d+)", re.MULTILINE)


def stage_chart() -> str:
    """Return an SVG image of the stages with their rules; an arrow leads to a stage that reads another's files."""
    stages = _rules_of_stages()
    forward, back = _stage_edges(stages)
    # Each stage as far to the right as its readers allow.
    generations = reversed([*nx.topological_generations(forward.reverse())])
    columns = [sorted(column, key=[*stages].index) for column in generations]
    place = _box_positions(columns, stages)
    width = MARGIN + len(columns) * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP + MARGIN
    height = max(y + _box_height(stages[stage]) for stage, (_, y) in place.items()) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif">',
        "<title>Stages of the workflow, their rules, and the files that they exchange</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *(_arrow(place[a], place[b], stages[a], stages[b], "") for a, b in sorted(forward.edges)),
        *(_arrow(place[a], place[b], stages[a], stages[b], ' stroke-dasharray="2 4"') for a, b in back),
        *(_box(stage, *place[stage], stages[stage]) for stage in stages),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _stage_edges(stages: dict[str, list[str]]) -> tuple[nx.DiGraph, list[tuple[str, str]]]:
    """Return the graph of the stages without redundant edges, and the edges that lead back to an earlier stage."""
    stage_of = {rule: stage for stage, rules in stages.items() for rule in rules}
    rulegraph = _rulegraph()
    names = dict(NODE.findall(rulegraph))
    edges = {(stage_of.get(names[a]), stage_of.get(names[b])) for a, b in EDGE.findall(rulegraph)}
    order = {stage: position for position, stage in enumerate(stages)}
    edges = sorted(edge for edge in edges if None not in edge and edge[0] != edge[1])
    # Parameters that a grid search selects are inputs of earlier stages.
    back = [(a, b) for a, b in edges if order[a] > order[b]]
    graph = nx.DiGraph()
    graph.add_nodes_from(stages)
    graph.add_edges_from(edge for edge in edges if edge not in back)
    forward = nx.transitive_reduction(graph)
    return forward, back


def _box_positions(columns: list[list[str]], stages: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
    """Return the upper left corner of each stage's box, in pixels."""
    positions = {}
    for number, column in enumerate(columns):
        y = MARGIN
        for stage in column:
            positions[stage] = MARGIN + number * (BOX_WIDTH + COLUMN_GAP), y
            y += _box_height(stages[stage]) + ROW_GAP
    return positions


def _box_height(rules: list[str]) -> int:
    return LINE_HEIGHT * (len(rules) + 1) + 2 * PADDING


def _box(stage: str, x: int, y: int, rules: list[str]) -> str:
    lines = [
        f'<text x="{x + PADDING}" y="{y + PADDING + LINE_HEIGHT * (row + 1) - 5}" font-size="12">{rule}</text>'
        for row, rule in enumerate(rules, start=1)
    ]
    return "\n".join(
        [
            f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{_box_height(rules)}" rx="6" '
            'fill="#eef4f8" stroke="#0072b2"/>',
            f'<text x="{x + PADDING}" y="{y + PADDING + LINE_HEIGHT - 5}" font-size="14" font-weight="bold">'
            f"{stage}</text>",
            *lines,
        ]
    )


def _arrow(
    start: tuple[int, int], end: tuple[int, int], from_rules: list[str], to_rules: list[str], style: str
) -> str:
    """Return an arrow between two boxes: from the right side to the left one, or back."""
    forward = start[0] < end[0]
    x1, x2 = start[0] + BOX_WIDTH * forward, end[0] + BOX_WIDTH * (not forward)
    y1, y2 = start[1] + _box_height(from_rules) // 2, end[1] + _box_height(to_rules) // 2
    # Arrows that lead back are beside the others.
    y1, y2 = (y1, y2) if forward else (y1 + BACK_OFFSET, y2 + BACK_OFFSET)
    bend = COLUMN_GAP if forward else -COLUMN_GAP
    head = -HEAD if forward else HEAD
    return (
        f'<path d="M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2 + head} {y2}" fill="none" '
        f'stroke="#666666"{style}/>'
        f'<path d="M{x2} {y2} l{head} -4 v8 z" fill="#666666"/>'
    )


def _rules_of_stages() -> dict[str, list[str]]:
    """Return the rules of each rules file that has any, in the Snakefile's order."""
    included = re.findall(r'include: "rules/(\w+)\.smk"', Path("workflow/Snakefile").read_text())
    rules = {stage: RULE.findall((RULES / f"{stage}.smk").read_text()) for stage in included}
    return {stage: names for stage, names in rules.items() if names}


def _rulegraph() -> str:
    """Return Snakemake's rule graph as DOT."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(EXPERIMENT, file)
        file.flush()
        options = ["--rulegraph", "--forceall", "--cores", "1", "--configfile", file.name]
        command = [sys.executable, "-m", "snakemake", *TARGETS, *options]
        result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise UserError(f"Snakemake can't list the rules; correct the error: {result.stderr.strip()}")
    return result.stdout
