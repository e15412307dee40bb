"""Draw the stages of the workflow and their rules as SVG, from the rule graph of Snakemake."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import networkx as nx
import yaml

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
# In inches.
LINE_HEIGHT = 0.14
COLUMN_WIDTH = 2.6
# Around a box, in lines of text.
ROW_GAP = 3.5
BOX = {"facecolor": "#eef4f8", "edgecolor": "#0072b2"}
ARROW = {"arrowstyle": "->", "color": "#666666", "shrinkA": 0, "shrinkB": 0}
BACK = {"linestyle": ":", "connectionstyle": "arc3,rad=-0.1"}
DESCRIPTION = "Stages of the workflow, their rules, and the files that they exchange"
NODE = re.compile(r'^\s*(\d+)\[label = "(\w+)"', re.MULTILINE)
RULE = re.compile(r"^(?:use rule \w+ as|rule) (\w+)(?: with)?:", re.MULTILINE)
EDGE = re.compile(r"^\s*(\d+) -> (\d+)", re.MULTILINE)


def write_stage_chart(path: Path) -> None:
    """Write an SVG image of the stages with their rules; an arrow leads to a stage that reads another's files."""
    stages = _rules_of_stages()
    forward, back = _stage_edges(stages)
    # Each stage is as far to the right as its readers allow.
    columns = [*nx.topological_generations(forward.reverse())][::-1]
    height = max(sum(len(stages[stage]) + ROW_GAP for stage in column) for column in columns)
    figure, axes = new_figure(height * LINE_HEIGHT, font_size=8, width=len(columns) * COLUMN_WIDTH)
    figure.set_layout_engine("none")
    axes.set_axis_off()
    axes.set(position=[0, 0, 1, 1], xlim=(0, len(columns)), ylim=(height, 0))
    axes.axvspan(0, len(columns), color="white", zorder=0)
    middles, boxes = {}, {}
    for number, column in enumerate(columns):
        x, y = number + 0.1, 1.0
        for stage in sorted(column, key=[*stages].index):
            rules = "\n".join(["", *stages[stage]])
            axes.text(x, y, stage, color="black", weight="bold", va="top", zorder=4)
            boxes[stage] = axes.text(x, y, rules, color="black", va="top", bbox=BOX).get_bbox_patch()
            middles[stage] = x + 0.3, y + len(stages[stage]) / 2
            y += len(stages[stage]) + ROW_GAP
    # Arrows end at the boxes, whose sizes are known when the text is drawn.
    figure.draw_without_rendering()
    for edges, style in ((sorted(forward.edges), {}), (back, BACK)):
        for a, b in edges:
            arrow = ARROW | style | {"patchA": boxes[a], "patchB": boxes[b]}
            axes.annotate("", middles[b], middles[a], arrowprops=arrow, zorder=0.5)
    save_svg(figure, path, DESCRIPTION)


def _stage_edges(stages: dict[str, list[str]]) -> tuple[nx.DiGraph, list[tuple[str, str]]]:
    """Return the graph of the stages without redundant edges, and the edges that lead back to an earlier stage."""
    stage_of = {rule: stage for stage, rules in stages.items() for rule in rules}
    rulegraph = _rulegraph()
    names = dict(NODE.findall(rulegraph))
    pairs = {(stage_of.get(names[a]), stage_of.get(names[b])) for a, b in EDGE.findall(rulegraph)}
    order = [*stages].index
    edges = sorted((a, b) for a, b in pairs if a and b and a != b)
    # Parameters that a grid search selects are inputs of earlier stages.
    back = [(a, b) for a, b in edges if order(a) > order(b)]
    graph = nx.DiGraph()
    graph.add_nodes_from(stages)
    graph.add_edges_from(edge for edge in edges if edge not in back)
    forward = nx.transitive_reduction(graph)
    return forward, back


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
