# What all rules share: the checked configuration, the plan that follows from it, and small helpers. No rule stands here.

import math
import re
import sys
from pathlib import Path

import yaml

SCRIPTS = Path(workflow.basedir).parent / "scripts"
sys.path.insert(0, str(SCRIPTS))

from cifarbench.data.archive import check_archive
from cifarbench.families import FAMILIES, KINDS
from cifarbench.study import configuration, failures, running
from cifarbench.study.errors import UserError
from cifarbench.study.layout import Layout, division_files, moments_files, part_of, settings
from cifarbench.study.plan import Plan
from cifarbench.study.provenance import code_fingerprint
from cifarbench.study.trial import try_models

# ---- Runs that are cut off: their jobs end with them, and the next run finds the folder free ----

running.become_starter()
LOCKS = Path(".snakemake/locks")
if workflow.is_main_process and running.take_away_abandoned(LOCKS, "snakemake"):
    print("The last run here was cut off; this one goes on where it stopped.", file=sys.stderr)

# ---- The configuration, checked before anything runs ----


def fingerprint(rule_name, *data_patterns, **more):
    """The checksum of the rule's script and of all that it imports, which Snakemake does not follow."""
    return code_fingerprint(SCRIPTS / f"{rule_name}.py", *data_patterns, **more)


try:
    configuration.check(
        config,
        yaml.safe_load((Path(workflow.basedir) / "schemas/config.schema.yaml").read_text()),
        FAMILIES,
        KINDS,
    )
    DATASET = config["dataset"]
    # The datasets of this run; an archive of one's own is that of the configured one.
    DATASETS = {
        DATASET: config["datasets"][DATASET] | {k: config[k] for k in ("archive", "sha256") if config.get(k)}
    }
    PLAN = Plan(config, FAMILIES, KINDS)
    FILES = Layout(PLAN)
    for entry in DATASETS.values():
        # Checked before any work, but not again by every job.
        if "archive" in entry and (workflow.is_main_process or "sha256" not in entry):
            entry["sha256"] = check_archive(entry["archive"], entry.get("sha256"))
    if workflow.is_main_process:
        try_models(
            PLAN, SCRIPTS / "check_models.py", fingerprint("check_models"), Path(".snakemake/checked_models")
        )
except UserError as error:
    sys.exit("\n".join(f"Error: {sentence}" for sentence in str(error).splitlines()))

SEED = config["seed"]
DIGITS = [name for name, entry in DATASETS.items() if entry["kind"] == "digits"]


def any_of(names):
    """A wildcard's constraint: one of these names."""
    return "|".join(map(re.escape, names)) or "none"


def features_of_run(split):
    """The features that a run's model looks at, of the training or the test images."""
    return lambda wildcards: FILES.features(PLAN.features_of(wildcards.model), part_of(wildcards.size), split)


def costs_of_run(split):
    """What these features have cost."""
    return lambda wildcards: FILES.costs_of_features(
        PLAN.features_of(wildcards.model), part_of(wildcards.size), split
    )


# ---- What a job is, to Snakemake: settings and code, compared by content ----


def untracked(value):
    """A param that Snakemake does not compare: where things lie, and what changes no result.

    It compares no param that is a function of resources.
    """
    return lambda wildcards, resources: value


def code_of(rule):
    """The fingerprint of a rule's code as it is known without a job: of one that depends on its model, the script's."""
    return rule.params.code if isinstance(rule.params.code, str) else fingerprint(rule.name)


# ---- A model's job: its failure is put on record, and the others' comparison still comes ----

GUARD = untracked(SCRIPTS / "guard_model.py")


def guarded(rule_name, of="{wildcards.model}"):
    """The beginning of a command that guards the rest of it. The rule names GUARD and tries_left."""
    return (
        f"python {{params.guard:q}} --of {of} --step {rule_name} --log {{log}} "
        "--tries-left {resources.tries_left} --inputs {input} --outputs {output} -- "
    )


def tries_left(wildcards, attempt):
    """How often a job will be tried again if it fails."""
    # A job on a cluster does not know; the profiles try each twice more.
    retries = 2 if workflow.remote_exec else getattr(workflow.execution_settings, "retries", 0)
    return max(retries + 1 - attempt, 0)


# ---- Resources, from the size of the data ----


def images_mb(wildcards):
    """Megabytes of all images of a dataset, as bytes."""
    entry = DATASETS[wildcards.dataset]
    return (entry["n_train"] + entry["n_test"]) * math.prod(entry["image_shape"]) / 1e6


def covariance_mb(wildcards):
    """Megabytes of the covariance of a dataset's pixels."""
    return math.prod(DATASETS[wildcards.dataset]["image_shape"]) ** 2 * 8 / 1e6


# On a cluster, every job runs inside a Snakemake of its own, which some executors start twice.
SNAKEMAKE_MB = 300


def mem_mb(base, images=0, covariances=0):
    """Memory for a job: a base for its libraries, and so many times the images (as bytes) and the covariance.

    A job that was killed for want of memory asks for more the next time.
    """

    def needed(wildcards, attempt):
        own = base + images * images_mb(wildcards) + covariances * covariance_mb(wildcards)
        return math.ceil((SNAKEMAKE_MB + own) * (1 + (attempt - 1) / 2))

    return needed


def minutes(base, per_gigabyte=0):
    """Running time for a job, in whole minutes: a base, and so many for each gigabyte of images."""

    def needed(wildcards, attempt):
        return math.ceil((base + per_gigabyte * images_mb(wildcards) / 1000) * attempt)

    return needed
