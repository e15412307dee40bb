# What all rules share: the checked configuration, the plan that follows from it, and small helpers. No rule stands here.

import math
import re
import sys
from pathlib import Path

import yaml

SCRIPTS = Path(workflow.basedir).parent / "scripts"
sys.path[:0] = [str(SCRIPTS), str(workflow.basedir)]

import terminal
from cifarbench.data.archive import check_archive
from cifarbench.families import FAMILIES, KINDS
from cifarbench.study import configuration, failures, provenance, running
from cifarbench.study.errors import UserError
from cifarbench.study.layout import Layout, division_files, part_of, settings
from cifarbench.study.plan import Plan, Run
from cifarbench.study.trial import try_models

# ---- What is said on the terminal ----

if workflow.is_main_process:
    terminal.install(workflow.output_settings)

# ---- Runs that are cut off: their jobs end with them, and the next run finds the folder free ----

running.become_starter()
LOCKS = Path(".snakemake/locks")
if workflow.is_main_process and running.take_away_abandoned(LOCKS, "snakemake"):
    print("The last run here was cut off; this one goes on where it stopped.", file=sys.stderr)

# ---- The configuration, checked before anything runs ----

# The loader in C, where PyYAML has it, takes a fifth of the time.
FAST_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

IMPORTS = Path(".snakemake/imports.json")
provenance.recall(IMPORTS)


def fingerprint(rule_name, *data_patterns, **more):
    """The checksum of the rule's script and of all that it imports, which Snakemake does not follow."""
    return provenance.code_fingerprint(SCRIPTS / f"{rule_name}.py", *data_patterns, **more)


try:
    configuration.check(
        config,
        yaml.load((Path(workflow.basedir) / "schemas/config.schema.yaml").read_text(), FAST_YAML),
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
DIGITS, SYNTHETIC = (
    [name for name, entry in DATASETS.items() if entry["kind"] == kind] for kind in ("digits", "synthetic")
)


def any_of(names):
    """A wildcard's constraint: one of these names."""
    return "|".join(map(re.escape, names)) or "none"


def features_of_run(split):
    """The features that a run's model looks at, of the training or the test images."""
    return lambda wildcards: FILES.features(PLAN.features_of(wildcards.model), part_of(wildcards.size), split)


def run_of(wildcards):
    """The run that a job belongs to."""
    return Run(wildcards.model, wildcards.seed, wildcards.size)


def costs_beside(paths):
    """What has been made cost what the files of these names say."""
    return [str(Path(path).with_suffix(".json")) for path in paths]


def costs_of_run(split):
    """What these features have cost."""
    return lambda wildcards: FILES.costs_of_features(
        PLAN.features_of(wildcards.model), part_of(wildcards.size), split
    )


# ---- What single rooms ask for ----


def entry_of(dataset, keys):
    """What the entry of a dataset says of some keys."""
    return {key: DATASETS[dataset][key] for key in keys if key in DATASETS[dataset]}


def group_of(features):
    """Short jobs go to a cluster together; those that wait for a grid's choice come after the others."""
    return "chosen_features" if features.tuned_by else "features"


def checkpoints(wildcards, resources):
    """Where a model's trainings keep theirs: no output, since Snakemake deletes outputs before a job runs again."""
    return f"results/{wildcards.dataset}/checkpoints/{wildcards.model}{getattr(wildcards, 'seed', '')}"


def style_of(*sections, **more):
    """The configuration's sections of some figures, and of the text in all of them."""
    return settings({name: config["figures"][name] for name in ("text", *sections)} | more)


def shown(dataset, models=PLAN.models):
    """What is shown of the configuration: all that decided the run of some models, and nothing that did not."""
    named = {name for model in models for name in PLAN.chain_of_entry(model)}
    return {
        "dataset": dataset,
        "seed": SEED,
        **{key: config[key] for key in ("seeds", "archive", "sha256") if config.get(key)},
        "datasets": {dataset: config["datasets"][dataset]},
        "compare": models,
        "features": {name: entry for name, entry in config["features"].items() if name in named},
        "models": {model: PLAN.entry(model) for model in models},
    }


# ---- What a job is, to Snakemake: settings and code, compared by content ----


def untracked(value):
    """A param that Snakemake does not compare: where things lie, and what changes no result.

    It compares no param that is a function of resources.
    """
    return lambda wildcards, resources: value


def model_code(rule_name):
    """The checksum of a rule's code, and of the file of one's own that a model names."""
    return lambda wildcards: fingerprint(rule_name, own=PLAN.own_code(wildcards.model))


def features_code(rule_name, features):
    """The checksum of a rule's code for features: their kind's module, and a file of one's own that they name."""
    return fingerprint(
        rule_name, modules=[f"features/{features.kind.name}.py"], own=PLAN.own_code_of_features(features)
    )


def module_file(module):
    """The file of a module of the library, relative to it."""
    return str(Path(*module.split(".")).with_suffix(".py"))


def code_of(rule):
    """The fingerprint of a rule's code as it is known without a job: of one that depends on its model, the script's."""
    return rule.params.code if isinstance(rule.params.code, str) else fingerprint(rule.name)


# ---- What a model is taken along by ----


def stored_files(wildcards):
    """What a model's predictor reads, and what it is held against."""
    return [
        *(f"<results>/data/{name}" for name in ("dataset.json", "test_images.npy", "train_labels.npy")),
        *FILES.trained(Run(wildcards.model)),
        *FILES.stored(wildcards.model),
    ]


def export_code(rule_name):
    """The checksum of a rule's code, with that of the model's family and of its features, which it imports by name."""

    def code(wildcards):
        chain = PLAN.chain(PLAN.features_of(wildcards.model))
        own = [path for features in chain for path in PLAN.own_code_of_features(features)]
        return fingerprint(
            rule_name,
            modules=[
                f"{PLAN.family(wildcards.model).room}/predictor.py",
                *(f"features/{features.kind.name}.py" for features in chain),
            ],
            own=[*PLAN.own_code(wildcards.model), *own],
        )

    return code


# ---- A model's job: its failure is put on record, and the others' comparison still comes ----

GUARD = untracked(SCRIPTS / "guard_model.py")


def guarded(rule_name, of="{wildcards.model}", keeping_memory=False):
    """The beginning of a command that guards the rest of it. The rule names GUARD and tries_left.

    keeping_memory: the C library (glibc) is told to keep freed memory; it would give back that of each batch of a
    training, and the system zero it again, at a third of the time.
    """
    kept = "MALLOC_MMAP_THRESHOLD_=1000000000 MALLOC_TRIM_THRESHOLD_=1000000000 " if keeping_memory else ""
    return (
        f"{kept}python {{params.guard:q}} --of {of} --step {rule_name} --log {{log}} "
        "--tries-left {resources.tries_left} --inputs {input} --outputs {output} -- "
    )
