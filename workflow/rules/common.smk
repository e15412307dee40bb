# What all rules share: the checked configuration, the names of what is run, and small helpers. No rule stands here.

import json
import math

import sys
from pathlib import Path

import yaml

SCRIPTS = Path(workflow.basedir).parent / "scripts"
sys.path.insert(0, str(SCRIPTS))

from cifarbench.study import configuration
from cifarbench.study import running
from cifarbench.data.archive import check_archive
from cifarbench.study.errors import UserError
from cifarbench.study.provenance import code_fingerprint

# ---- Runs that are cut off: their jobs end with them, and the next run finds the folder free ----

running.become_starter()
LOCKS = Path(".snakemake/locks")
if workflow.is_main_process and running.take_away_abandoned(LOCKS, "snakemake"):
    print("The last run here was cut off; this one goes on where it stopped.", file=sys.stderr)

# ---- The configuration, checked before anything runs ----

try:
    configuration.check(
        config, yaml.safe_load((Path(workflow.basedir) / "schemas/config.schema.yaml").read_text())
    )
    DATASET = config["dataset"]
    DATASET_ENTRY = config["datasets"][DATASET] | {
        key: config[key] for key in ("archive", "sha256") if config.get(key)
    }
    # An archive of one's own is checked before any work, but not again by every job.
    if "archive" in DATASET_ENTRY and (workflow.is_main_process or "sha256" not in DATASET_ENTRY):
        DATASET_ENTRY["sha256"] = check_archive(DATASET_ENTRY["archive"], DATASET_ENTRY.get("sha256"))
except UserError as error:
    sys.exit("\n".join(f"Error: {sentence}" for sentence in str(error).splitlines()))

# What <results> stands for in inputs and outputs; commands can't write it so, < being their sign for reading a file.
RESULTS = f"results/{DATASET}"
SEED = config["seed"]
SEEDS = config.get("seeds", [SEED])

# ---- Names: models, and their runs (a network's further seeds are runs of their own) ----

MODELS = config["compare"]


def models_of(*families):
    """The models of this run that belong to one of the families, in the configuration's order."""
    return [model for model in MODELS if config["models"][model]["family"] in families]


NEIGHBORS = models_of("knn", "knn_grid")
GRIDS = models_of("knn_grid")
NETWORKS = models_of("mlp")


def runs_of(model):
    """The runs of a model: itself with the first seed, then `model/seed_n` for every further one."""
    return [model] + [str(Path(model, f"seed_{seed}")) for seed in SEEDS[1:] if model in NETWORKS]


RUNS = [run for model in MODELS for run in runs_of(model)]


def entry_of(run):
    """The configuration's entry of the model that a run belongs to."""
    return config["models"][run.split("/")[0]]


def params_of(run):
    """The hyperparameters of a run."""
    return {key: value for key, value in entry_of(run).items() if key != "family"}


def seed_of(run):
    """The seed of a run."""
    model, *further = Path(run).parts
    return int(further[0].removeprefix("seed_")) if further else SEEDS[0]


# ---- What a kNN model needs: parts of the training images, and principal components of them ----


def fold_of(part):
    """{fold} of a part of the training images, nothing for all of them."""
    return {} if part == "all" else {"fold": int(part.split("_")[1])}


def folds_file(part):
    """The file that says which images are in the fold of a part; none for all images."""
    return [] if part == "all" else f"<results>/folds/{part.split('_')[-1]}.npy"


def parts_of(grid):
    """The parts that a grid's folds leave out."""
    folds = entry_of(grid)["folds"]
    return [f"fold_{fold}_of_{folds}" for fold in range(folds)]


def scaling_of(run):
    """Whether the components of a model are those of scaled pixels."""
    return "scaled" if entry_of(run).get("scale") else "raw"


def components_of(run):
    """The components that a model's neighbours are sought in; none for a model on raw pixels."""
    uses_pca = "n_components" in entry_of(run)
    return [f"<results>/pca/{scaling_of(run)}_all.npz"] if uses_pca else []


# ---- What a job is, to Snakemake: settings and code, compared by content ----


def settings(content):
    """One text for all that a job's result depends on, the same whatever the order of its keys.

    Snakemake keeps the values of params without their names, and in their order: as separate params, two swapped
    values would change nothing, and two swapped lines of YAML would change everything.
    """
    return json.dumps(content, sort_keys=True)


def fingerprint(rule_name, *data_patterns):
    """The checksum of the rule's script and of all that it imports, which Snakemake does not follow."""
    return code_fingerprint(SCRIPTS / f"{rule_name}.py", *data_patterns)


def untracked(value):
    """A param that Snakemake does not compare: where things lie, and what changes no result.

    It compares no param that is a function of resources.
    """
    return lambda wildcards, resources: value


# ---- Resources, from the size of the data ----

N_FEATURES = math.prod(DATASET_ENTRY["image_shape"])
IMAGES_MB = (DATASET_ENTRY["n_train"] + DATASET_ENTRY["n_test"]) * N_FEATURES / 1e6
COVARIANCE_MB = N_FEATURES**2 * 8 / 1e6
# On a cluster, every job runs inside a Snakemake of its own, which some executors start twice.
SNAKEMAKE_MB = 300


def mem_mb(base, images=0, covariances=0):
    """Memory for a job: a base for its libraries, and so many times the images (as bytes) and the covariance.

    A job that was killed for want of memory asks for more the next time.
    """

    def needed(wildcards, attempt):
        own = base + images * IMAGES_MB + covariances * COVARIANCE_MB
        return math.ceil((SNAKEMAKE_MB + own) * (1 + (attempt - 1) / 2))

    return needed


def minutes(base, per_gigabyte=0):
    """Running time for a job, in whole minutes: a base, and so many for each gigabyte of images."""

    def needed(wildcards, attempt):
        return math.ceil((base + per_gigabyte * IMAGES_MB / 1000) * attempt)

    return needed
