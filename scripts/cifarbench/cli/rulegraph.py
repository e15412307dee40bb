"""Draw the stages of the workflow and their rules as a Mermaid chart, from the rule graph of Snakemake."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import networkx as nx
import yaml

from cifarbench.errors import UserError
from cifarbench.io.markdown_sections import replace_section

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
NODE = re.compile(r'^\s*(\d+)\[label = "(\w+)"', re.MULTILINE)
EDGE = re.compile(r"^\s*(\d+) -> (\d+)", re.MULTILINE)


def main(page: Path) -> None:
    """Write the chart into a page. page: the Markdown file that holds the chart between its two marks."""
    replace_section(page, "make docs-rulegraph", f"```mermaid\n{stage_chart()}\n```")


def stage_chart() -> str:
    """Return a Mermaid flow chart of the stages in the order of the Snakefile, with their rules."""
    stages = _rules_of_stages()
    stage_of = {rule: stage for stage, rules in stages.items() for rule in rules}
    rulegraph = _rulegraph()
    names = dict(NODE.findall(rulegraph))
    edges = {(stage_of.get(names[a]), stage_of.get(names[b])) for a, b in EDGE.findall(rulegraph)}
    order = {stage: position for position, stage in enumerate(stages)}
    edges = sorted(edge for edge in edges if None not in edge and edge[0] != edge[1])
    edges.sort(key=lambda edge: (order[edge[0]], order[edge[1]]))
    # The parameters that a grid search selects go back to earlier stages.
    back = [(a, b) for a, b in edges if order[a] > order[b]]
    forward = nx.transitive_reduction(nx.DiGraph(edge for edge in edges if edge not in back)).edges
    lines = [f'    {stage}["<b>{stage}</b><br>{"<br>".join(rules)}"]' for stage, rules in stages.items()]
    for a, b in edges:
        if (a, b) in forward:
            lines.append(f"    {a} {'<-->' if (b, a) in back else '-->'} {b}")
    for a, b in sorted(back, key=lambda edge: (order[edge[1]], order[edge[0]])):
        if (b, a) not in forward:
            lines.append(f"    {a} -.-> {b}")
    return "\n".join(["flowchart LR", *lines])


def _rules_of_stages() -> dict[str, list[str]]:
    """Return the rules of each rules file that has any, in the Snakefile's order."""
    included = re.findall(r'include: "rules/(\w+)\.smk"', Path("workflow/Snakefile").read_text())
    rules = {
        stage: re.findall(r"^rule (\w+):", (RULES / f"{stage}.smk").read_text(), re.MULTILINE)
        for stage in included
    }
    return {stage: names for stage, names in rules.items() if names}


def _rulegraph() -> str:
    """Return Snakemake's graph of the rules, which rule reads the files of which other, as DOT."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(EXPERIMENT, file)
        file.flush()
        options = ["--rulegraph", "--forceall", "--cores", "1", "--configfile", file.name]
        command = [sys.executable, "-m", "snakemake", *TARGETS, *options]
        result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise UserError(f"Snakemake can't draw the rules: {result.stderr.strip()}")
    return result.stdout
