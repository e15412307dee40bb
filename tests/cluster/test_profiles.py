"""The profiles as their users read them; no cluster is needed."""

import os
import re

import pytest
import yaml

from helpers import warm
from helpers.study import Study

# Run where Snakemake runs; a dry run does not tell them from others.
LOCAL = {"download_dataset", "select_best_params", "write_audit_report", "all"}
AUDIT = ["find_duplicates", "find_label_issues", "find_image_issues"]
HEAVY = ["load_dataset", "predict_knn", "train_network", *AUDIT]


def plan(study: Study, profile: str, *arguments: str) -> str:
    """What would be done for the study as it is shipped."""
    command = ["-m", "snakemake", "--workflow-profile", profile, "--dry-run", *arguments]
    code, said = warm.python(command, study.folder, dict(os.environ))
    assert code == 0, said
    return said


@pytest.mark.parametrize("profile", ["slurm", "cluster-generic"])
def test_the_study_asks_a_cluster_for_few_jobs(study, profile):
    said = plan(study, f"workflow/profiles/{profile}")
    groups = re.findall(r"Group job (\w+)", said)
    single = [rule for rule in re.findall(r"^rule (\w+):$", said, re.MULTILINE) if rule not in LOCAL]
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
    said = plan(study, str(profile.parent))
    (training, *_) = re.findall(r"rule train_network:\n(?:    .*\n)+", said)
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


class Resources:
    runtime, mem_mb, gpu = 30, 1234, 1
