# Shared by all rules: the checked configuration, and helper functions. This file has no rules.

import json
import math
import re
import shlex
import sys
from pathlib import Path

import yaml
from snakemake.utils import update_config

# A clone contains the package. If Snakemake has fetched the Snakefiles only, the package must be installed.
SCRIPTS = Path(workflow.current_basedir.join("../../scripts").get_path_or_uri(secret_free=True))
if SCRIPTS.is_dir():
    SCRIPTS = SCRIPTS.resolve()
    sys.path.insert(0, str(SCRIPTS))

try:
    from cifarbench.errors import UserError, exit_on_windows

    exit_on_windows()
    from cifarbench.config.experiments import Experiments
except ModuleNotFoundError as error:
    if error.name != "cifarbench":
        raise
    sys.exit(
        "Error: the package cifarbench is not installed; install it with pip from the workflow's repository."
    )

from cifarbench.config import build_checks
from cifarbench.runtime import object_storage, processes
from cifarbench.io.atomic import sha256_file
from cifarbench.planning import fingerprint, variants
from cifarbench.planning.paths import ResultPaths, canonical_json, size_suffix, split_files, subset_name
from cifarbench.planning.experiment import RunId, calibration_train_size

# ---- Scripts and their code ----


def code_hash(script, *data_patterns, **more):
    """Return the checksum of a rule's script and of its imports, which Snakemake does not track."""
    return fingerprint.code_fingerprint(script_path(script), *data_patterns, **more)


def script_path(script):
    """Return the path of a rule's script, which is fetched if the workflow is not on this disk."""
    if SCRIPTS.is_dir():
        return SCRIPTS / f"{script}.py"
    return Path(workflow.source_path(f"../../scripts/{script}.py"))


def relative_script_path(script):
    """Return the path of a script in a job's command; relative in a clone, so that `--cache` finds equal commands."""
    path = script_path(script)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


# ---- The configuration, checked before anything runs ----

# Outside a clone, the workflow's own settings below those of the user.
if Path.cwd() != SCRIPTS.parent:
    defaults = yaml.safe_load(Path(workflow.source_path("../../config/config.yaml")).read_text())
    update_config(defaults, config)
    config.update(defaults)

# Jobs end when the run is interrupted.
processes.set_parent_watch()
LOCKS = Path(".snakemake/locks")
IMPORTS = Path(".snakemake/imports.json")
fingerprint.load_import_cache(IMPORTS)

try:
    if workflow.is_main_process:
        processes.check_writable(IMPORTS.parent)
    STORAGE = object_storage.get_store(workflow)
    EXPERIMENTS = Experiments(
        config,
        config_files=workflow.configfiles if workflow.is_main_process else (),
        check_files=workflow.is_main_process,
    )
    if workflow.is_main_process:
        for experiment in EXPERIMENTS.experiments.values():
            build_checks.check_models(
                experiment,
                script_path("validate_models"),
                code_hash("validate_models"),
                Path(".snakemake/checked_models"),
            )
    if workflow.is_main_process:
        for sentence in EXPERIMENTS.sentences:
            print(sentence, file=sys.stderr)
except UserError as error:
    sys.exit("\n".join(f"Error: {sentence}" for sentence in str(error).splitlines()))

EXPERIMENT_OF, PATHS_OF, DATASETS = EXPERIMENTS.experiments, EXPERIMENTS.paths, EXPERIMENTS.datasets
RANDOM_SPLITS, RUN_VARIANTS, TEST_SETS = EXPERIMENTS.splits, EXPERIMENTS.run_variants, EXPERIMENTS.test_sets
SEED, ROOT = config["seed"], EXPERIMENTS.root


def any_of(names):
    """Return a wildcard constraint: one of these names."""
    return "|".join(map(re.escape, dict.fromkeys(names))) or "none"


def any_model(holds):
    """Return a wildcard constraint: one of the models that `holds` finds in the experiment of any dataset."""
    return any_of(EXPERIMENTS.models_where(holds))


def get_dataset(wildcards):
    """Return the dataset of a job, also for a random split of it."""
    return wildcards.dataset.partition("/")[0]


def get_experiment(wildcards):
    """Return the experiment of a job."""
    return EXPERIMENT_OF[get_dataset(wildcards)]


def get_paths(wildcards):
    """Return the file paths of a job's experiment."""
    return PATHS_OF[get_dataset(wildcards)]


def get_feature_set(wildcards):
    """Return the features that a job computes."""
    return get_experiment(wildcards).features[wildcards.features]


def get_fit(wildcards):
    """Return one of the features that share the fit of a job."""
    return get_experiment(wildcards).feature_set_of_fit(wildcards.fit)


def get_run_features(split):
    """Return an input function: the features of a run's model, for the training or the test images."""
    return lambda wildcards: get_paths(wildcards).features_file(
        get_experiment(wildcards).features_of(wildcards.model), subset_name(wildcards.size), split
    )


def get_test_features(wildcards):
    """Return the features of the test images that each model uses, in the order of the models."""
    plan, paths = get_experiment(wildcards), get_paths(wildcards)
    return [paths.features_file(plan.features_of(model), "all", "test") for model in plan.models]


def get_run(wildcards):
    """Return the run of a job."""
    return RunId(wildcards.model, wildcards.seed, wildcards.size)


def get_run_timing_files(split):
    """Return an input function: the cost files of a run's features."""
    return lambda wildcards: get_paths(wildcards).feature_timing_files(
        get_experiment(wildcards).features_of(wildcards.model), subset_name(wildcards.size), split
    )


# ---- Models and settings of single rules ----

# Share of a job's memory that all training images may take.
IMAGE_MEMORY_SHARE = 0.4


def models_with_epochs(plan):
    """Return the models that are trained in epochs."""
    return plan.models_where(lambda model: plan.family(model).has_epochs)


def tuned_models(plan):
    """Return the models that have a grid."""
    return plan.models_where(plan.n_folds)


def models_with_folds(wildcards):
    """Return the models that are tuned on the folds of a split."""
    n_folds = wildcards.division.rpartition("folds_of_")[2]
    plan = get_experiment(wildcards)
    return [model for model in plan.models if str(plan.n_folds(model)) == n_folds]


def models_with_filters(plan):
    """Return the models that have filters."""
    return plan.models_where(ResultPaths(plan).filters_source)


def get_runs(plan, *models):
    """Return the runs of some models, of all unless given, as in paths."""
    return [run.path for run in plan.runs(*models)]


def runs_with_epochs(plan):
    """Return the runs of the models that are trained in epochs."""
    return [run for model in models_with_epochs(plan) for run in get_runs(plan, model)]


def get_fold_files(wildcards):
    """Return the split and the predictions of a cross-validation that a run's predictions are taken from."""
    return get_paths(wildcards).fold_files(get_run(wildcards))


def for_each_model(select, *names):
    """Return an input function: files of these names for each model, or run, that `select` returns."""
    return lambda wildcards: [
        f"<results>/models/{model}/{name}" for model in select(get_experiment(wildcards)) for name in names
    ]


def dataset_files(folder):
    """Return the arrays of a dataset and its description, by their names in rules."""
    arrays = ("train_images", "train_labels", "test_images", "test_labels")
    return {**{name: f"{folder}/{name}.npy" for name in arrays}, "dataset": f"{folder}/dataset.json"}


def dataset_spec(dataset, keys):
    """Return those of some keys that a dataset's entry has."""
    return {key: DATASETS[dataset][key] for key in keys if key in DATASETS[dataset]}


def streaming_param(wildcards):
    """Return the setting of a training whose images do not fit into memory, which reads them in another order."""
    entry = DATASETS[get_dataset(wildcards)]
    fits = (
        entry["n_train"] * math.prod(entry["image_shape"]) <= IMAGE_MEMORY_SHARE * config["memory_mb"] * 1e6
    )
    return {} if fits else {"streamed": True}


def get_group(features):
    """Return the group of short jobs on a cluster; those that need a grid's best parameters run later."""
    return "tuned_features" if features.tuned_by else "features"


def checkpoints(wildcards):
    """Return the folder of a model's checkpoints, which is not an output, since Snakemake deletes outputs before a rerun."""
    folder = f"{ROOT}/{wildcards.dataset}/checkpoints/{wildcards.model}{getattr(wildcards, 'seed', '')}"
    return str(STORAGE / folder) if STORAGE else folder


def plot_style(*sections, **more):
    """Return the configuration's sections of some figures and of the text in all figures."""
    return {name: config["figures"][name] for name in ("text", *sections)} | more


def config_for_report(dataset, models=None):
    """Return the part of the configuration that determines the runs of some models, of all unless given."""
    config, plan = EXPERIMENTS.configs[dataset], EXPERIMENT_OF[dataset]
    models = models or plan.models
    named = {name for model in models for name in plan.feature_names(model)}
    optional = ["seeds", "metric", "margin", "mute", "archive", "sha256", "exclude", "relabel", "robustness"]
    return {
        "dataset": dataset,
        "seed": SEED,
        **{key: config[key] for key in optional if config.get(key)},
        "datasets": {dataset: config["datasets"][dataset]},
        "compare": models,
        "features": {name: entry for name, entry in config["features"].items() if name in named},
        "models": {model: plan.entry(model) for model in models},
    }


# ---- Params of a job: what Snakemake compares, and the command ----


def job_params(
    script, settings={}, code=None, failure_of=None, reads_failures=False, keeping_memory=False, **options
):
    """Return the params of a rule: what Snakemake compares (settings and code), and what RUN_JOB needs.

    settings: everything that determines the result besides inputs and code. code: the fingerprint, the script's unless given.
    failure_of: the model, or the features, whose failure is recorded in the outputs and does not end the run.
    reads_failures: whether the script handles failures among its inputs.
    keeping_memory: whether the C library (glibc) keeps freed memory; returning that of each batch to the system takes a
    third of a training's time. options: values that change no result. Each may be a function of the wildcards.
    """
    code = code_hash(script) if code is None else code

    def value(content, wildcards):
        return content(wildcards) if callable(content) else content

    def describe(wildcards, input, output, threads, resources):
        # Snakemake does not compare params that are functions of these arguments.
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
                # With object storage, files of other experiments are not on this disk.
                "experiment": None if STORAGE else EXPERIMENTS.name,
                "tries_left": resources.tries_left if failure_of else 0,
            }
        )

    guard = ["run_guarded"] if failure_of and not reads_failures else []
    command = ["python", *map(relative_script_path, [*guard, "run_job", script])]
    prefix = "MALLOC_MMAP_THRESHOLD_=1000000000 MALLOC_TRIM_THRESHOLD_=1000000000 "
    return {
        "settings": lambda wildcards: canonical_json(value(settings, wildcards)),
        "code": code,
        # Snakemake does not compare functions of the resources.
        "command": lambda wildcards, resources: prefix * value(keeping_memory, wildcards)
        + shlex.join(command),
        "job": describe,
    }


RUN_JOB = "{params.command} {log:q} <<< {params.job:q} 2> {log:q}"


def named(files):
    """Return the named files of a job's input or output, ready for JSON."""
    return {name: path if isinstance(path, str) else list(path) for name, path in files.items()}


def get_model(wildcards):
    """Return the model of a job, whose failure is recorded."""
    return wildcards.model


def model_code_hash(rule_name):
    """Return a param: the checksum of a rule's code, including user code of the model."""
    return lambda wildcards: code_hash(
        rule_name, user_code=get_experiment(wildcards).source_files(wildcards.model)
    )


def features_code_hash(rule_name, plan, features):
    """Return the checksum of a rule's code for features, including their type's module and user code."""
    return code_hash(
        rule_name,
        modules=[f"features/{features.type.name}.py"],
        user_code=plan.feature_source_files(features),
    )


# ---- Inference by a fitted model ----


def inference_inputs(wildcards):
    """Return the files for inference by a model, and the test images and labels."""
    return [
        *(f"<results>/data/{name}" for name in ("dataset.json", "test_images.npy", "train_labels.npy")),
        *get_paths(wildcards).model_files(RunId(wildcards.model)),
        *get_paths(wildcards).inference_files(wildcards.model),
    ]


def export_code_hash(rule_name):
    """Return a param: the checksum of a rule's code, including the model's family and features."""

    def code(wildcards):
        plan = get_experiment(wildcards)
        pipeline = plan.feature_pipeline(plan.features_of(wildcards.model))
        package = plan.family(wildcards.model).package
        files = [path for features in pipeline for path in plan.feature_source_files(features)]
        return code_hash(
            rule_name,
            modules=[
                f"models/{package}/predictor.py",
                *(f"features/{step.type.name}.py" for step in pipeline),
            ],
            user_code=[*plan.source_files(wildcards.model), *files],
        )

    return code


# ---- Outputs in Snakemake's report ----


def reported(path, category, label, caption=None):
    """Return an output that `snakemake --report` shows, with a caption; outputs of models are grouped by model."""
    return report(
        path,
        caption=f"../report/{caption or Path(path).stem}.rst",
        category=category,
        subcategory="{model}" if category == "Models" else None,
        labels={"figure": label},
    )
