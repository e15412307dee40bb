# What all rules share: the checked configuration, and helpers. No rule is here.

import json
import math
import re
import shlex
import sys
from pathlib import Path

# In a clone, the package is beside the workflow. Where Snakemake has fetched the Snakefiles alone, it must be installed.
SCRIPTS = Path(workflow.current_basedir.join("../../scripts").get_path_or_uri(secret_free=True))
if SCRIPTS.is_dir():
    sys.path.insert(0, str(SCRIPTS))

try:
    from cifarbench.planning.experiments import Experiments
except ModuleNotFoundError as error:
    if error.name != "cifarbench":
        raise
    sys.exit(
        "Error: the package cifarbench is not installed; install it with pip from the workflow's repository."
    )

from cifarbench.planning import build_checks
from cifarbench.runtime import object_storage
from cifarbench.study import provenance, running, series
from cifarbench.study.errors import UserError
from cifarbench.study.files import checksum
from cifarbench.study.layout import Layout, division_files, part_of, size_of
from cifarbench.study.layout import settings as canonical_json
from cifarbench.study.plan import Run

# ---- The configuration, checked before anything runs ----

# The jobs of a run that is cut off end with it.
running.become_starter()
LOCKS = Path(".snakemake/locks")
IMPORTS = Path(".snakemake/imports.json")
provenance.recall(IMPORTS)

try:
    STORAGE = object_storage.of(workflow)
    EXPERIMENTS = Experiments(config, check_files=workflow.is_main_process)
except UserError as error:
    sys.exit("\n".join(f"Error: {sentence}" for sentence in str(error).splitlines()))

PLANS, LAYOUTS, DATASETS = EXPERIMENTS.plans, EXPERIMENTS.layouts, EXPERIMENTS.datasets
SPLITS, REPEATS, TEST_SETS = EXPERIMENTS.splits, EXPERIMENTS.repeats, EXPERIMENTS.test_sets
SEED = config["seed"]


def any_of(names):
    """Return a wildcard constraint: one of these names."""
    return "|".join(map(re.escape, dict.fromkeys(names))) or "none"


def any_model(holds):
    """Return a wildcard constraint: one of the models that `holds` finds in the plan of any dataset."""
    return any_of(EXPERIMENTS.models_where(holds))


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


def check_of(wildcards):
    """Return the file that says that all models of a job's experiment can be built.

    Ancient: a model that is added is checked, and the others need not run again.
    """
    return ancient(f"results/{study_of(wildcards)}/checked_models.json")


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
    return {"models": plan.models, "runs": runs_of(plan), "families": families}


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


def checkpoints(wildcards):
    """Where a model's trainings keep theirs: no output, since Snakemake deletes outputs before a job runs again."""
    folder = f"results/{wildcards.dataset}/checkpoints/{wildcards.model}{getattr(wildcards, 'seed', '')}"
    return str(STORAGE / folder) if STORAGE else folder


def style_of(*sections, **more):
    """The configuration's sections of some figures, and of the text in all of them."""
    return {name: config["figures"][name] for name in ("text", *sections)} | more


def shown(dataset, models=None):
    """What is shown of the configuration: all that decided the run of some models, and nothing that did not."""
    config, plan = EXPERIMENTS.configs[dataset], PLANS[dataset]
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


# ---- A job: what Snakemake compares of it, and its command ----


def fingerprint(script, *data_patterns, **more):
    """Return the checksum of a rule's script and of all that it imports, which Snakemake does not follow."""
    return provenance.code_fingerprint(script_path(script), *data_patterns, **more)


def script_path(script):
    """Return the path of a rule's script, fetched first if the workflow is not on this disk."""
    if SCRIPTS.is_dir():
        return SCRIPTS / f"{script}.py"
    return Path(workflow.source_path(f"../../scripts/{script}.py"))


def job_params(script, settings={}, code=None, failure_of=None, keeping_memory=False, **options):
    """Return the params of a rule: what Snakemake compares (settings and code), and what RUN_JOB needs.

    settings: all that the result depends on besides inputs and code. code: the fingerprint, the script's unless given.
    failure_of: the model, or the features, whose failure is recorded in the outputs and does not end the run.
    keeping_memory: whether the C library (glibc) keeps freed memory; it would give back that of each batch of a
    training, and the system zero it again, at a third of the time. options: what changes no result. Each may be a
    function of the wildcards.
    """
    code = fingerprint(script) if code is None else code

    def value(content, wildcards):
        return content(wildcards) if callable(content) else content

    def describe(wildcards, input, output, threads, resources):
        # Snakemake compares no param that is a function of these.
        return json.dumps(
            {
                "rule": script,
                "input": named(input),
                "output": named(output),
                "settings": value(settings, wildcards),
                "options": {name: value(option, wildcards) for name, option in options.items()},
                "threads": threads,
                "code": value(code, wildcards),
                "failure_of": value(failure_of, wildcards),
                "tries_left": resources.tries_left if failure_of else 0,
            }
        )

    command = ["python", *([script_path("run_guarded")] if failure_of else []), script_path(script)]
    prefix = "MALLOC_MMAP_THRESHOLD_=1000000000 MALLOC_TRIM_THRESHOLD_=1000000000 " if keeping_memory else ""
    return {
        "settings": lambda wildcards: canonical_json(value(settings, wildcards)),
        "code": code,
        "command": untracked(prefix + shlex.join(map(str, command))),
        "job": describe,
    }


RUN_JOB = "{params.command} {log:q} <<< {params.job:q} 2> {log:q}"


def named(files):
    """Return the named files of a job's input or output as JSON can hold them."""
    return {name: path if isinstance(path, str) else list(path) for name, path in files.items()}


def untracked(value):
    """Return a param that Snakemake does not compare, since it compares no function of resources."""
    return lambda wildcards, resources: value


def of_model(wildcards):
    """Return the model of a job, whose failure is recorded."""
    return wildcards.model


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


# ---- Outputs that Snakemake's own report shows ----


def reported(path, category, label, caption=None):
    """Return an output that `snakemake --report` shows, with the caption of its name; those of models by model."""
    return report(
        path,
        caption=f"../report/{caption or Path(path).stem}.rst",
        category=category,
        subcategory="{model}" if category == "Models" else None,
        labels={"figure": label},
    )
