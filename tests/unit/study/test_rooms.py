"""The library's rooms: what each says of itself, and imports that run along the data's way."""

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
LIBRARY = PROJECT / "scripts/cifarbench"
# In the order of the data's way. Everybody may look into `study`; families stand side by side.
WAY = [
    "study",
    "data",
    "features",
    "audit",
    "tuning",
    "families",
    "evaluation",
    "figures",
    "report",
    "export",
    "robustness",
    "across",
]
FAMILIES = ["neighbors", "estimators", "networks"]
ROOMS = [room for place in WAY for room in (FAMILIES if place == "families" else [place])]
# The one module outside the rooms: it names every family, for the rules and for scripts.
REGISTRY = "families"


def imported(path: Path) -> set[str]:
    """The rooms that a file's import statements name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("cifarbench.")}
    return found


def may_look_into(room: str) -> set[str]:
    if room in FAMILIES:
        return {*WAY[: WAY.index("families")], room}
    before = WAY[: WAY.index(room) + 1]
    return {*before, *(FAMILIES if "families" in before else [])} - {"families"}


def test_the_rooms_are_the_rules_files_and_the_tests_folders():
    rooms = {path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists()}
    assert rooms == set(ROOMS)
    rules = {path.stem for path in (PROJECT / "workflow/rules").glob("*.smk")}
    assert rules == rooms - {"study"} | {"common", "resources", "series", "targets"}
    assert {path.name for path in (PROJECT / "tests/unit").iterdir() if path.is_dir()} - {
        "__pycache__"
    } == rooms


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_along_the_data_s_way(room):
    for path in (LIBRARY / room).rglob("*.py"):
        assert imported(path) <= may_look_into(room), path


def test_who_scores_draws_or_writes_knows_no_family():
    for room in ("evaluation", "figures", "report", "across", "export"):
        for path in (LIBRARY / room).rglob("*.py"):
            assert not imported(path) & {*FAMILIES, REGISTRY}, path


def test_a_rule_and_its_script_share_a_name():
    rules = {
        line.removeprefix("rule ").rstrip(":")
        for path in (PROJECT / "workflow/rules").glob("*.smk")
        for line in path.read_text().splitlines()
        if line.startswith("rule ")
    }
    scripts = {path.stem for path in (PROJECT / "scripts").glob("*.py")}
    assert rules <= scripts


def test_no_file_is_long():
    files = [
        path
        for part in ("scripts", "workflow", "tests", "benchmarks")
        for path in (PROJECT / part).rglob("*")
    ]
    code = [path for path in files if path.suffix in (".py", ".smk") or path.name == "Snakefile"]
    assert len(code) > 100
    assert {path for path in code if len(path.read_text().splitlines()) > 400} == set()
