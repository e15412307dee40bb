"""Examples of the documentation: valid configurations, complete Python files, existing commands and files."""

import inspect
import json
import re
import shlex
import shutil
from functools import cached_property
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from PIL import Image
from snakemake.cli import get_argument_parser
from snakemake.utils import update_config

from cifarbench.cli import COMMANDS
from cifarbench.config.build_checks import build_errors
from cifarbench.config.experiments import Experiments
from helpers import small_model, small_run
from helpers.own_images import write_class_folders
from helpers.project import CHECKOUT, Project

PAGES = [
    CHECKOUT / "README.md",
    CHECKOUT / "CHANGELOG.md",
    CHECKOUT / "CONTRIBUTING.md",
    CHECKOUT / "SECURITY.md",
    CHECKOUT / "config/README.md",
    *sorted((CHECKOUT / "docs").glob("*.md")),
]
MODELS = CHECKOUT / "docs/models.md"
NEW_FAMILY = CHECKOUT / "docs/model_family.md"
API = CHECKOUT / "docs/api.md"
WITH_OLD_NAMES = ("CHANGELOG.md", "migration.md")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PROJECT_FILE = re.compile(
    r"^(?:config|scripts|workflow|tests|benchmarks|docs)/[\w./-]+\.(?:py|ya?ml|md|smk|sh)$"
)
# Programs that are not part of the project.
OTHER_PROGRAMS = {
    *("apptainer", "docker", "pixi", "snakedeploy"),
    *("aws", "conda", "export", "mkdir", "mlflow", "pip", ".venv/bin/pip", "pytest", "python3"),
    *("rocrate-validator", "scancel", "scontrol", "source", "squeue"),
}
# Files and folders that a reader creates.
USER_FILES = re.compile(r"^(my_\w+\.yaml|rebuilt/|results/)")


class Block(NamedTuple):
    """A fenced block of a page: its language, its text, and the text between it and the block before."""

    language: str
    text: str
    before: str


def blocks(page: Path) -> list[Block]:
    text, found, end = page.read_text(), [], 0
    for match in FENCE.finditer(text):
        found.append(Block(match[1], match[2], text[end : match.start()]))
        end = match.end()
    return found


def all_blocks(language: str) -> list:
    return [
        pytest.param(page, block, id=f"{page.relative_to(CHECKOUT)}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page))
        if block.language == language
    ]


def named_file(block: Block) -> str | None:
    """Return the first code file named in the paragraph before a block, or None."""
    paragraph = block.before.strip().rpartition("\n\n")[2]
    names = re.findall(r"`([\w/]+\.(?:py|smk))`", paragraph)
    return names[0] if names else None


def configuration(block: Block, *files: str) -> dict:
    """Return config.yaml, updated by further files and the block's configuration."""
    config: dict = {}
    for name in ("config.yaml", *files):
        update_config(config, yaml.safe_load((CHECKOUT / "config" / name).read_text()))
    update_config(config, yaml.safe_load(block.text))
    return config


# ---- Configurations ----


def create_named_files(page: Path, block: Block) -> None:
    """Create the folders and lists that a configuration names."""
    for folder in re.findall(r"\b(?:archive|cifar10_c_dir): ([^,}\s]+)", block.text):
        if "type: images" in block.text:
            write_class_folders(Path(folder), n_per_class=170, side=20)
        else:
            Path(folder).mkdir(parents=True)
            Path(folder, "labels.npy").touch()
    for name in re.findall(r"\bfile: (\S+\.(?:csv|npz|onnx))$", block.text, re.MULTILINE):
        Path(name).touch()
    for name in re.findall(r"^exclude: (\S+)", block.text, re.MULTILINE):
        table = next(other.text for other in blocks(page) if other.language == "csv")
        Path(name).write_text(table)


@pytest.mark.parametrize(("page", "block"), all_blocks("yaml"))
def test_a_configuration_is_valid(page, block, monkeypatch, tmp_path):
    if "family: means" in block.text:
        pytest.skip("needs the family of this page, which a test below adds")
    monkeypatch.chdir(tmp_path)
    files = ["digits.yaml"] if page == MODELS else []
    if "my_suite.yaml" in block.text:
        files = ["suite.yaml"]
    if page == MODELS:
        for code in (block for block in blocks(MODELS) if block.language == "python"):
            if (name := named_file(code) or "").startswith("my_models/"):
                Path("my_models").mkdir(exist_ok=True)
                Path(name).write_text(code.text)
    create_named_files(page, block)
    experiments = Experiments(configuration(block, *files), check_files=False)
    if page == MODELS and "type: pretrained" not in block.text:
        for experiment in experiments.experiments.values():
            assert build_errors(experiment) == []


# ---- Python ----


@pytest.mark.parametrize(("page", "block"), all_blocks("python"))
def test_python_compiles(page, block):
    compile(block.text, str(page), "exec")


def test_the_example_of_a_new_family_is_found_and_planned(tmp_path):
    """Write the files of the page into a copy of the project, and make a dry run."""
    project = Project.create(tmp_path / "project", {"dataset": "digits"})
    for block in blocks(NEW_FAMILY):
        name = named_file(block)
        if name is None or name == "tests/unit/test_packages.py" or block.language == "yaml":
            continue
        path = project.folder / name
        if name == "knn.smk":
            path, line = project.folder / "workflow/Snakefile", 'include: "rules/knn.smk"\n'
            assert line in path.read_text()
            path.write_text(path.read_text().replace(line, line + block.text))
        elif path.name == "families.py":
            registry, import_line = path.read_text(), block.text.splitlines()[0]
            entry = re.compile(r"\(NEIGHBORS, ESTIMATOR,")
            assert entry.search(registry)
            assert entry.sub("(NEIGHBORS, ESTIMATOR, MEANS,", registry).count(block.text.splitlines()[3])
            path.write_text(f"{import_line}\n{entry.sub('(NEIGHBORS, ESTIMATOR, MEANS,', registry)}")
        else:
            assert not path.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
    (entries,) = (block for block in blocks(NEW_FAMILY) if block.language == "yaml")
    project.write("config/tiny.yaml", configuration(entries, "digits.yaml"))
    planned = project.run("--dry-run")
    assert planned.code == 0, planned.text
    assert {"predict_means means_pca", "predict_means means_tuned"} <= planned.jobs
    # Three folds of three shrinkages and two numbers of components.
    assert len([job for job in planned.jobs if job.startswith("cross_validate_means")]) == 18


# ---- Python API ----


def listed_names() -> list[tuple[str, str]]:
    """Return module and text of each name in the tables of docs/api.md."""
    names, module = [], ""
    for line in API.read_text().splitlines():
        if heading := re.match(r"### `(.+)`$", line):
            module = heading[1]
        elif row := re.match(r"\| `([^`]+)` \|", line):
            names.append((module, row[1]))
    return names


@pytest.mark.parametrize(("module", "text"), listed_names())
def test_the_api_page_has_names_and_signatures_of_the_code(module, text):
    name, _, arguments = text.removesuffix(")").partition("(")
    owner, _, attribute = name.partition(".")
    documented = getattr(import_module(module), owner)
    if attribute in inspect.get_annotations(documented):
        return
    documented = getattr(documented, attribute) if attribute else documented
    if "(" not in text:
        assert isinstance(documented, property | cached_property)
        return
    parameters = [
        parameter
        for parameter in inspect.signature(documented).parameters.values()
        if parameter.name != "self"
    ]
    shown = [argument.partition("=") for argument in arguments.split(", ")]
    required = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    assert [name for name, equals, _ in shown if not equals] == required
    for (argument, equals, value), parameter in zip(shown, parameters, strict=False):
        assert argument == parameter.name
        assert not equals or value == repr(parameter.default)


@pytest.fixture
def demo_results(tmp_path, monkeypatch):
    """Results as of `make demo`, in the current folder, with one model that can predict."""
    monkeypatch.chdir(tmp_path)
    results = Path("results/digits")
    shutil.copytree(small_run.shared(), results)
    small_model.write_model(results, "knn", small_model.NEIGHBORS)
    fits = [results / "models" / name / "fit.json" for name in ("knn_raw", "model")]
    fits[0].write_text(json.dumps(json.loads(fits[0].read_text()) | json.loads(fits[1].read_text())))
    Path("my_images").mkdir()
    Image.new("L", (8, 8)).save("my_images/zero.png")


@pytest.mark.parametrize("block", [block for block in blocks(API) if block.language == "python"])
def test_the_examples_of_the_api_page_run(block, demo_results):
    exec(compile(block.text, "docs/api.md", "exec"), {})


# ---- Commands ----


def commands(block: Block) -> list[list[str]]:
    """Return the commands of a console block; if some lines begin with $, the others are output."""
    lines = block.text.replace("\\\n", " ").splitlines()
    prompted = [line[2:] for line in lines if line.startswith("$ ")]
    found = []
    for line in prompted or lines:
        words = shlex.split(line, comments=True)
        while words and re.match(r"^[A-Z_]+=", words[0]):
            words.pop(0)
        if words:
            found.append(words)
    return found


def inline_commands(page: Path) -> list[list[str]]:
    """Return the commands of this project in the text of a page."""
    text = FENCE.sub("", page.read_text())
    found = [" ".join(match.split()) for match in INLINE.findall(text)]
    programs = ("make", "snakemake", "python", "cifarbench")
    return [
        [word for word in shlex.split(code) if not re.match(r"^[A-Z]+=scripts$", word)]
        for code in found
        if code.removeprefix("PYTHONPATH=scripts ").startswith(tuple(f"{name} " for name in programs))
    ]


MAKEFILE = (CHECKOUT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
VARIABLES = {
    "ARCHIVE",
    "CONFIGFILE",
    "CORES",
    "CRATE",
    "DATASET",
    "IMAGES",
    "MODEL",
    "NAME",
    "NEW",
    "OLD",
    "OUT",
    "PRESET",
    "PYTHON",
    "RESIZE",
    "SHA256",
    "SPLIT",
    "TORCH",
    *("METRIC", "PUBLIC", "REPORT_LANGUAGE", "RUNS", "SUBMISSIONS"),
}
SNAKEMAKE_OPTIONS = {option for action in get_argument_parser()._actions for option in action.option_strings}


def check_file(name: str) -> None:
    assert USER_FILES.match(name) or (CHECKOUT / name).exists(), name


def check(words: list[str]) -> None:
    """Fail if a command names a target, a variable, an option or a file that does not exist."""
    program, *rest = words
    options = [word.partition("=")[0] for word in rest if word.startswith("-")]
    if program == "make":
        for word in rest:
            name, assigned, value = word.partition("=")
            assert (name in VARIABLES) if assigned else (name in TARGETS), words
            if name == "CONFIGFILE" and value:
                check_file(value)
    elif program == "snakemake":
        # tests/cluster/test_profiles.py compares those of other executors with their plugins.
        plugins = tuple(f"--{name}-" for option, name in pairwise(rest) if option == "--executor")
        assert {option for option in options if not option.startswith(plugins)} <= SNAKEMAKE_OPTIONS, words
        for name in (word for word in rest if word.endswith(".yaml") or word.startswith("workflow/")):
            check_file(name)
    elif program == "cifarbench":
        function = import_module(f"cifarbench.cli.{rest[0]}").main
        assert rest[0] in COMMANDS
        known = {f"--{name.replace('_', '-')}" for name in inspect.signature(function).parameters}
        assert rest[0] == "doctor" or set(options) <= known, words
    elif program == "python" and rest[0].endswith(".py"):
        source = (CHECKOUT / rest[0]).read_text()
        for option in options:
            assert option in source or option[2:].replace("-", "_") in source, words
    elif program == "python" and rest[0] == "-c":
        compile(rest[1], "console", "exec")
    else:
        assert program in OTHER_PROGRAMS or program == "python", words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_commands_of_a_page_are_valid(page):
    in_blocks = [words for block in blocks(page) if block.language == "console" for words in commands(block)]
    for words in in_blocks + ([] if page.name in WITH_OLD_NAMES else inline_commands(page)):
        check(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_files_of_the_project_exist(page):
    if page.name in WITH_OLD_NAMES:
        pytest.skip("has old names, too")
    text = FENCE.sub("", page.read_text())
    of_the_example = {named_file(block) for block in blocks(NEW_FAMILY)}
    of_the_example |= {"scripts/cifarbench/models/means/predictor.py"}
    names = {name for name in INLINE.findall(text) if PROJECT_FILE.match(name)} - of_the_example
    assert [name for name in sorted(names) if not (CHECKOUT / name).exists()] == []
