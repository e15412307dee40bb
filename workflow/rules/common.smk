# What all rules share: the checked configuration, the plan that follows from it, and small helpers. No rule stands here.

import math
import re
import sys
from pathlib import Path

import yaml

SCRIPTS = Path(workflow.basedir).parent / "scripts"
sys.path[:0] = [str(SCRIPTS), str(workflow.basedir)]

import object_storage
import terminal
from cifarbench.data.archive import check_archive
from cifarbench.families import FAMILIES, KINDS
from cifarbench.robustness.names import CORRUPTIONS
from cifarbench.study import configuration, provenance, running, series
from cifarbench.study.errors import UserError
from cifarbench.study.files import checksum
from cifarbench.study.layout import Layout, division_files, part_of, settings, size_of
from cifarbench.study.plan import Plan, Run
from cifarbench.study.trial import try_models

# ---- What is said on the terminal ----

if workflow.is_main_process:
    terminal.install(workflow.output_settings, names_datasets="across" in config)

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
    STORAGE = object_storage.of(workflow)
    SCHEMA = yaml.load((Path(workflow.basedir) / "schemas/config.schema.yaml").read_text(), FAST_YAML)
    CONFIGS = configuration.check_all(config, SCHEMA, FAMILIES, KINDS)
    # The plan of each dataset's study, and what they all are compared by.
    PLANS = {dataset: Plan(one, FAMILIES, KINDS) for dataset, one in CONFIGS.items()}
    ACROSS = config.get(series.KEY)
    LAYOUTS = {
        dataset: Layout(plan, series.sizes((ACROSS or {}).get("sizes", []), plan.dataset["n_train"]))
        for dataset, plan in PLANS.items()
    }
    REPEATS = {dataset: series.repeats(plan, ACROSS) if ACROSS else [] for dataset, plan in PLANS.items()}
    # What the entries of the datasets say; an archive of one's own is that of the configured one.
    DATASETS = {
        dataset: one["datasets"][dataset] | {k: one[k] for k in ("archive", "sha256") if one.get(k)}
        for dataset, one in CONFIGS.items()
    }
    TEST_SETS = (ACROSS or {}).get("test_sets", {})
    if workflow.is_main_process:
        for name, entry in TEST_SETS.items():
            from cifarbench.data.test_sets import read_test_set

            of = PLANS[entry["of"]].dataset
            # Refused before any work, and not by the job that needs them.
            read_test_set(entry, of["image_shape"], of["n_classes"])
    for dataset, entry in DATASETS.items():
        # Checked before any work, but not again by every job.
        if "archive" in entry and (workflow.is_main_process or "sha256" not in entry):
            by_run = CONFIGS[dataset].get("archive") or CONFIGS[dataset].get("sha256")
            key = None if by_run else f"datasets.{dataset}"
            entry["sha256"] = check_archive(entry["archive"], entry.get("sha256"), key)
    if config.get("exclude") and config["dataset"] in DATASETS:
        from cifarbench.data.exclusion import read_exclusion

        # The content decides, and not where it lies.
        read_exclusion(path := Path(config["exclude"]))
        DATASETS[config["dataset"]] |= {"exclude": str(path), "excluded": checksum(path)}
    OFFICIAL = (config.get("robustness") or {}).get("official") or ""
    if OFFICIAL and not Path(OFFICIAL, "labels.npy").is_file():
        raise UserError(
            f"robustness.official is {OFFICIAL}, which has no labels.npy; name CIFAR-10-C's folder."
        )
    if workflow.is_main_process:
        for one in PLANS.values():
            try_models(
                one,
                SCRIPTS / "check_models.py",
                fingerprint("check_models"),
                Path(".snakemake/checked_models"),
            )
except UserError as error:
    sys.exit("\n".join(f"Error: {sentence}" for sentence in str(error).splitlines()))

# Datasets that are another's images, divided anew into training and test images: name -> the dataset, and which one.
SPLITS = {
    series.variant(dataset, one.split): (dataset, one.split)
    for dataset, found in REPEATS.items()
    for one in found
    if one.split
}
SEED = config["seed"]
DIGITS, SYNTHETIC = (
    [name for name, entry in DATASETS.items() if entry["kind"] == kind] for kind in ("digits", "synthetic")
)
PACKAGED = [name for name, entry in DATASETS.items() if entry["kind"] in ("textures", "faces")]


def any_of(names):
    """A wildcard's constraint: one of these names."""
    return "|".join(map(re.escape, dict.fromkeys(names))) or "none"


def any_model(found_in):
    """A wildcard's constraint: one of the models that are found in the plan of any dataset."""
    return any_of(model for plan in PLANS.values() for model in found_in(plan))


def study_of(wildcards):
    """The dataset in whose study a job is; other splits of its images are in it, too."""
    return wildcards.dataset.partition("/")[0]


def plan(wildcards):
    """What the study asks for that a job is in."""
    return PLANS[study_of(wildcards)]


def files(wildcards):
    """Where the files of that study lie."""
    return LAYOUTS[study_of(wildcards)]


def features_of(wildcards):
    """The features that a job computes."""
    return plan(wildcards).features[wildcards.features]


def fit_of(wildcards):
    """One of the features that share the fit of a job."""
    return plan(wildcards).by_fit(wildcards.fit)


def features_of_run(split):
    """The features that a run's model looks at, of the training or the test images."""
    return lambda wildcards: files(wildcards).features(
        plan(wildcards).features_of(wildcards.model), part_of(wildcards.size), split
    )


def run_of(wildcards):
    """The run that a job belongs to."""
    return Run(wildcards.model, wildcards.seed, wildcards.size)


def costs_beside(paths):
    """What has been made cost what the files of these names say."""
    return [str(Path(path).with_suffix(".json")) for path in paths]


def costs_of_run(split):
    """What these features have cost."""
    return lambda wildcards: files(wildcards).costs_of_features(
        plan(wildcards).features_of(wildcards.model), part_of(wildcards.size), split
    )


# ---- What single rooms ask for ----

# Of a job's memory, what all training images may take.
OF_IMAGES = 0.4


def learners(plan):
    """The models that have a learning curve."""
    return plan.models_where(lambda model: plan.family(model).has_epochs)


def tuned(plan):
    """The models that have a grid."""
    return plan.models_where(plan.folds)


def lookers(plan):
    """The models that look for something in images."""
    return plan.models_where(Layout(plan).with_filters)


def runs_of(plan, *models):
    """Runs of some models, of all unless named, as they stand in paths."""
    return [run.path for run in plan.runs(*models)]


def runs_of_learners(plan):
    """The runs of the models that have a learning curve."""
    found = learners(plan)
    return runs_of(plan, *found) if found else []


def compared(plan):
    """What is compared of a study, for its job."""
    families = {model: plan.family(model).name for model in plan.models}
    return settings({"models": plan.models, "runs": runs_of(plan), "families": families})


def per_model(found_in, *names):
    """The files of these names of each model, or run, that is found in a study's plan."""
    return lambda wildcards: [
        f"<results>/models/{model}/{name}" for model in found_in(plan(wildcards)) for name in names
    ]


def entry_of(dataset, keys):
    """What the entry of a dataset says of some keys."""
    return {key: DATASETS[dataset][key] for key in keys if key in DATASETS[dataset]}


def is_flippable(dataset):
    """Whether a mirrored image shows the same."""
    return DATASETS[dataset].get("flippable", True)


def streamed(wildcards):
    """Whether a training reads images as it needs them, since they don't fit: their order then is another one."""
    entry = DATASETS[study_of(wildcards)]
    fits = entry["n_train"] * math.prod(entry["image_shape"]) <= OF_IMAGES * config["memory_mb"] * 1e6
    return {} if fits else {"streamed": True}


def group_of(features):
    """Short jobs go to a cluster together; those that wait for a grid's choice come after the others."""
    return "chosen_features" if features.tuned_by else "features"


def checkpoints(wildcards, resources):
    """Where a model's trainings keep theirs: no output, since Snakemake deletes outputs before a job runs again."""
    folder = f"results/{wildcards.dataset}/checkpoints/{wildcards.model}{getattr(wildcards, 'seed', '')}"
    return str(STORAGE / folder) if STORAGE else folder


def style_of(*sections, **more):
    """The configuration's sections of some figures, and of the text in all of them."""
    return settings({name: config["figures"][name] for name in ("text", *sections)} | more)


def shown(dataset, models=None):
    """What is shown of the configuration: all that decided the run of some models, and nothing that did not."""
    config, plan = CONFIGS[dataset], PLANS[dataset]
    models = models or plan.models
    named = {name for model in models for name in plan.chain_of_entry(model)}
    return {
        "dataset": dataset,
        "seed": SEED,
        **{
            key: config[key]
            for key in ("seeds", "archive", "sha256", "exclude", "robustness")
            if config.get(key)
        },
        "datasets": {dataset: config["datasets"][dataset]},
        "compare": models,
        "features": {name: entry for name, entry in config["features"].items() if name in named},
        "models": {model: plan.entry(model) for model in models},
    }


# ---- What a job is, to Snakemake: settings and code, compared by content ----


def untracked(value):
    """A param that Snakemake does not compare: where things lie, and what changes no result.

    It compares no param that is a function of resources.
    """
    return lambda wildcards, resources: value


def model_code(rule_name):
    """The checksum of a rule's code, and of the file of one's own that a model names."""
    return lambda wildcards: fingerprint(rule_name, own=plan(wildcards).own_code(wildcards.model))


def features_code(rule_name, plan, features):
    """The checksum of a rule's code for features: their kind's module, and a file of one's own that they name."""
    return fingerprint(
        rule_name, modules=[f"features/{features.kind.name}.py"], own=plan.own_code_of_features(features)
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
        *files(wildcards).trained(Run(wildcards.model)),
        *files(wildcards).stored(wildcards.model),
    ]


def export_code(rule_name):
    """The checksum of a rule's code, with that of the model's family and of its features, which it imports by name."""

    def code(wildcards):
        found = plan(wildcards)
        chain = found.chain(found.features_of(wildcards.model))
        own = [path for features in chain for path in found.own_code_of_features(features)]
        return fingerprint(
            rule_name,
            modules=[
                f"{found.family(wildcards.model).room}/predictor.py",
                *(f"features/{features.kind.name}.py" for features in chain),
            ],
            own=[*found.own_code(wildcards.model), *own],
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
