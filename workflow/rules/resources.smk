# Resources of jobs: memory and time by the size of the data, and retries. This file has no rules.


def images_mb(wildcards):
    """Return the size of all images of a dataset in MB, one byte per value."""
    entry = DATASETS[get_dataset(wildcards)]
    return (entry["n_train"] + entry["n_test"]) * math.prod(entry["image_shape"]) / 1e6


def covariance_mb(wildcards):
    """Return the size of the covariance of a dataset's pixels in MB."""
    return math.prod(DATASETS[get_dataset(wildcards)]["image_shape"]) ** 2 * 8 / 1e6


# On a cluster, every job runs in another Snakemake process; some executors start two.
SNAKEMAKE_MB = 300


def mem_mb(base, images=0, covariances=0, bounded=True):
    """Return the resource function of a job's memory in MB.

    base: for its libraries. images, covariances: how often it holds the images (as bytes) and the covariance. bounded:
    whether it reads images in batches within `memory_mb`. The last two may be functions of the wildcards. Each retry
    gets more.
    """

    def needed(wildcards, attempt):
        times = covariances(wildcards) if callable(covariances) else covariances
        fixed = base + times * covariance_mb(wildcards)
        megabytes = fixed + images * images_mb(wildcards)
        if bounded(wildcards) if callable(bounded) else bounded:
            megabytes = min(megabytes, max(fixed, config["memory_mb"]))
        return math.ceil((SNAKEMAKE_MB + megabytes) * (1 + (attempt - 1) / 2))

    return needed


def in_batches(wildcards):
    """Return whether a classifier is fitted in batches."""
    return bool(get_experiment(wildcards).entry(wildcards.model).get("batch_size"))


def whitening_covariances(wildcards):
    """Return how often a training holds the covariance: to decompose it, if the network whitens its inputs."""
    plan = get_experiment(wildcards)
    return 6 if "whitening" in {*plan.entry(wildcards.model), *plan.tuned_values(wildcards.model)} else 0


def is_mapped(wildcards):
    """Return whether a dataset's archive is mapped and not read into memory as a whole."""
    return DATASETS[get_dataset(wildcards)]["type"] in ("downsampled_imagenet", "synthetic")


def minutes(base, per_gigabyte=0):
    """Return the resource function of a job's time in minutes: a base plus a time per gigabyte of images."""

    def needed(wildcards, attempt):
        return math.ceil((base + per_gigabyte * images_mb(wildcards) / 1000) * attempt)

    return needed


def training_minutes(wildcards, attempt):
    """Return the time of a training in minutes, by its longest candidate."""
    epochs = max(get_experiment(wildcards).candidate_values(wildcards.model, "epochs"))
    return minutes(5, per_gigabyte=0.5 * epochs)(wildcards, attempt)


def tries_left(wildcards, attempt):
    """Return how often a job will be repeated if it fails."""
    # Jobs on a cluster do not have the number; the profiles set two retries.
    retries = 2 if workflow.remote_exec else getattr(workflow.execution_settings, "retries", 0)
    return max(retries + 1 - attempt, 0)


def job_resources(memory, time):
    """Return the resources of a job: its memory, its time, and how often it will be repeated."""
    return {"mem_mb": memory, "runtime": time, "tries_left": tries_left}


# Jobs that take seconds for data of any size.
SHORT_JOB = job_resources(mem_mb(500), minutes(2))
