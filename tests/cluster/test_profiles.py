"""The shipped profiles and the commands of docs/cluster.md, checked without a cluster."""

import os
import re
import shlex
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from snakemake.cli import get_argument_parser, parse_args
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
from snakemake_interface_storage_plugins.registry import StoragePluginRegistry

from helpers import warm
from helpers.project import CHECKOUT
from helpers.study import Study

# Local rules, which a dry run does not mark.
LOCAL = {"download_dataset", "select_best_params", "write_audit_report", "all"}
AUDIT = ["find_duplicates", "find_label_issues", "find_image_issues", "find_shortcuts"]
HEAVY = ["load_dataset", "predict_knn", "train_network", *AUDIT]


def plan(study: Study, profile: str, *arguments: str) -> str:
    """Return the output of a dry run with a profile."""
    command = ["-m", "snakemake", "--workflow-profile", profile, "--dry-run", *arguments]
    code, output = warm.python(command, study.folder, dict(os.environ))
    assert code == 0, output
    return output


@pytest.mark.parametrize("profile", ["slurm", "cluster-generic"])
def test_a_run_submits_few_jobs(study, profile):
    output = plan(study, f"workflow/profiles/{profile}")
    groups = re.findall(r"Group job (\w+)", output)
    single = [rule for rule in re.findall(r"^rule (\w+):$", output, re.MULTILINE) if rule not in LOCAL]
    assert sorted(groups) == ["cv_fits", "evaluation", "features", "summary", "tuned_features"]
    assert sorted(set(single)) == sorted(HEAVY)
    assert len(groups) + len(single) <= 25


def test_every_variant_of_the_slurm_profile_can_be_used(study):
    profile = study.folder / "workflow/profiles/slurm/profile.yaml"
    text, heading, variants = profile.read_text().partition("# ---- Partitions and accounts")
    for key in ("slurm_account", "slurm_partition", "gpu_model", "gres"):
        assert key not in text
    used = re.sub(r"^# ( *[a-z][\w-]*:( .*)?)$", r"\1", variants, flags=re.MULTILINE)
    profile.write_text(text + heading + used)
    output = plan(study, str(profile.parent))
    (training, *_) = re.findall(r"rule train_network:\n(?:    .*\n)+", output)
    for resource in ("slurm_partition=gpu", "slurm_account=my_account", "gpu_model=a100", "gres=gpu:1"):
        assert resource in training
    assert "gpu=1" not in training


def test_every_scheduler_of_the_generic_profile_has_its_commands(study):
    text = (study.folder / "workflow/profiles/cluster-generic/profile.yaml").read_text()
    for name, submit in (("SGE", "qsub"), ("PBS", "qsub"), ("LSF", "bsub")):
        block = re.search(rf"^# {name}\b.*\n((?:# .*\n)+)", text, re.MULTILINE)[1]
        found = yaml.safe_load(
            re.sub(r"^# ", "", block[block.index("# cluster-generic") :], flags=re.MULTILINE)
        )
        assert submit in found["cluster-generic-submit-cmd"]
        values = {"name": "train_network", "threads": 2, "resources": Resources()}
        command = found["cluster-generic-submit-cmd"].format(**values)
        assert {"train_network", "2", "1234", "1"} <= set(re.findall(r"\w+?(?=MB|mb|M\b|\W|$)", command))


PROFILES = {path.parent.name: path for path in (CHECKOUT / "workflow/profiles").glob("*/profile.yaml")}
COMMAND = re.compile(r"^snakemake .*?--executor (\w+).*$", re.MULTILINE)
# The commands of the page by executor, with line continuations joined.
COMMANDS = {
    match[1]: match[0]
    for match in COMMAND.finditer((CHECKOUT / "docs/cluster.md").read_text().replace("\\\n", ""))
}


def plugin(name: str):
    registry = ExecutorPluginRegistry()
    if not registry.is_installed(name):
        pytest.skip(f"snakemake-executor-plugin-{name} is not installed")
    return registry.get_plugin(name)


def settings_of(executor: str) -> dict:
    """Return the settings of an executor's plugin by their command-line option."""
    settings = plugin(executor).settings_cls
    return {
        f"{executor}-{field.name.replace('_', '-')}": field
        for field in (fields(settings) if settings else ())
    }


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_every_key_of_a_profile_is_known_to_snakemake_or_its_plugins(name):
    profile = yaml.safe_load(PROFILES[name].read_text())
    executor = profile.get("executor")
    settings = settings_of(executor) if executor else {}
    options = {
        option.removeprefix("--")
        for action in get_argument_parser()._actions
        for option in action.option_strings
    }
    for key in profile:
        if executor and key.startswith(f"{executor}-"):
            assert key in settings, key
        assert key in options, key
    # Snakemake's parser, with the plugin's types, accepts the values.
    _, arguments = parse_args(["--workflow-profile", str(PROFILES[name].parent), "--cores", "1"])
    if executor:
        found = plugin(executor).get_settings(arguments)
        for key, field in settings.items():
            if key in profile:
                assert getattr(found, field.name), key
    if "default-storage-provider" in profile:
        assert StoragePluginRegistry().is_installed(profile["default-storage-provider"])


def test_the_page_has_a_command_for_each_other_executor():
    assert set(COMMANDS) == {"sge", "lsf", "htcondor"}


@pytest.mark.parametrize("executor", COMMANDS)
def test_a_command_of_the_page_is_accepted_by_the_executor_s_plugin(executor):
    settings = settings_of(executor)
    words = shlex.split(COMMANDS[executor])[1:]
    profile = CHECKOUT / words[words.index("--workflow-profile") + 1]
    words[words.index("--workflow-profile") + 1] = str(profile)
    options = [word.removeprefix("--") for word in words if word.startswith(f"--{executor}-")]
    assert set(options) <= set(settings)
    _, arguments = parse_args(words)
    assert arguments.executor == executor
    found = plugin(executor).get_settings(arguments)
    for option in options:
        assert getattr(found, settings[option].name) == words[words.index(f"--{option}") + 1]


@pytest.mark.parametrize("executor", COMMANDS)
def test_the_plugin_reads_the_resources_of_a_command(executor):
    module = sys.modules[plugin(executor).executor.__module__]
    code = "".join(path.read_text() for path in Path(module.__file__).parent.rglob("*.py"))
    for name in re.findall(rf"\b({executor}_\w+)=", COMMANDS[executor]):
        assert name in code


class Resources:
    runtime, mem_mb, gpu = 30, 1234, 1
