"""Draw the stages of the workflow and their rules as SVG, from the rule graph of Snakemake."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import networkx as nx
import yaml
from matplotlib.patches import Rectangle

from cifarbench.errors import UserError
from cifarbench.plots.style import new_figure, save_svg

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
# In lines of text.
BOX_WIDTH = 13
COLUMN_GAP = 5
ROW_GAP = 1.5
# In inches.
LINE_HEIGHT = 0.16
BOX = {"facecolor": "#eef4f8", "edgecolor": "#0072b2"}
ARROW = {"arrowstyle": "->", "color": "#666666", "shrinkA": 0, "shrinkB": 0}
DESCRIPTION = "Stages of the workflow, their rules, and the files that they exchange"
NODE = re.compile(r'^\s*(\d+)\[label = "(\w+)"', re.MULTILINE)
RULE = re.compile(r"^(?:use rule \w+ as|rule) (\w+)(?: with)?:", re.MULTILINE)
EDGE = re.compile(r"^\s*(\d+) -> (\d+)", re.MULTILINE)
# Left, top, width and height.
Box = tuple[float, float, float, float]


def write_stage_chart(path: Path) -> None:
    """Write an SVG image of the stages with their rules; an arrow leads to a stage that reads another's files."""
    stages = _rules_of_stages()
    forward, back = _stage_edges(stages)
    boxes = _box_positions(forward, stages)
    width, height = (
        max(edge) + 1 for edge in zip(*((x + w, y + h) for x, y, w, h in boxes.values()), strict=True)
    )
    figure, axes = new_figure(height * LINE_HEIGHT, font_size=8, width=width * LINE_HEIGHT)
    figure.set_layout_engine("none")
    axes.set_position([0, 0, 1, 1])
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.add_patch(Rectangle((0, 0), width, height, facecolor="white", zorder=0))
    for stage, (x, y, w, h) in boxes.items():
        axes.add_patch(Rectangle((x, y), w, h, **BOX))
        for line, text in enumerate([stage, *stages[stage]], start=1):
            weight = "bold" if line == 1 else "normal"
            axes.text(x + 0.5, y + line, text, color="black", weight=weight, va="center")
    for edges, style in ((sorted(forward.edges), "-"), (back, ":")):
        for a, b in edges:
            axes.annotate(
                "", *_arrow_ends(boxes[b], boxes[a]), arrowprops=ARROW | {"linestyle": style}, zorder=0.5
            )
    save_svg(figure, path, DESCRIPTION)


def _arrow_ends(end: Box, start: Box) -> list[tuple[float, float]]:
    """Return the ends of an arrow between the facing sides of two boxes; those that lead back are lower."""
    forward = start[0] < end[0]
    sides = (end[0], start[0] + start[2]) if forward else (end[0] + end[2], start[0])
    return [
        (x, y + h * (0.5 if forward else 0.8)) for x, (_, y, _, h) in zip(sides, (end, start), strict=True)
    ]


def _stage_edges(stages: dict[str, list[str]]) -> tuple[nx.DiGraph, list[tuple[str, str]]]:
    """Return the graph of the stages without redundant edges, and the edges that lead back to an earlier stage."""
    stage_of = {rule: stage for stage, rules in stages.items() for rule in rules}
    rulegraph = _rulegraph()
    names = dict(NODE.findall(rulegraph))
    edges = {(stage_of.get(names[a]), stage_of.get(names[b])) for a, b in EDGE.findall(rulegraph)}
    order = [*stages].index
    edges = sorted(edge for edge in edges if None not in edge and edge[0] != edge[1])
    # Parameters that a grid search selects are inputs of earlier stages.
    back = [(a, b) for a, b in edges if order(a) > order(b)]
    graph = nx.DiGraph()
    graph.add_nodes_from(stages)
    graph.add_edges_from(edge for edge in edges if edge not in back)
    forward = nx.transitive_reduction(graph)
    return forward, back


def _box_positions(forward: nx.DiGraph, stages: dict[str, list[str]]) -> dict[str, Box]:
    """Return the box of each stage, in lines of text; each is as far to the right as its readers allow."""
    boxes = {}
    for number, column in enumerate(reversed([*nx.topological_generations(forward.reverse())])):
        y = 1.0
        for stage in sorted(column, key=[*stages].index):
            height = len(stages[stage]) + 2
            boxes[stage] = 1.0 + number * (BOX_WIDTH + COLUMN_GAP), y, BOX_WIDTH, height
            y += height + ROW_GAP
    return boxes


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
