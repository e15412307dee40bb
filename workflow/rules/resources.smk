# What jobs ask for: memory and time from the size of the data, and how often they are tried. No rule stands here.


def images_mb(wildcards):
    """Megabytes of all images of a dataset, as bytes."""
    entry = DATASETS[get_dataset(wildcards)]
    return (entry["n_train"] + entry["n_test"]) * math.prod(entry["image_shape"]) / 1e6


def covariance_mb(wildcards):
    """Megabytes of the covariance of a dataset's pixels."""
    return math.prod(DATASETS[get_dataset(wildcards)]["image_shape"]) ** 2 * 8 / 1e6


# On a cluster, every job runs inside a Snakemake of its own, which some executors start twice.
SNAKEMAKE_MB = 300


def mem_mb(base, images=0, covariances=0, bounded=True):
    """Memory for a job: a base for its libraries, and so many times the images (as bytes) and the covariance.

    bounded: whether the job takes the images some at a time, within `memory_mb`; or, of wildcards, whether it does. A
    job that was killed for want of memory asks for more the next time.
    """

    def needed(wildcards, attempt):
        fixed = base + covariances * covariance_mb(wildcards)
        own = fixed + images * images_mb(wildcards)
        if bounded(wildcards) if callable(bounded) else bounded:
            own = min(own, max(fixed, config["memory_mb"]))
        return math.ceil((SNAKEMAKE_MB + own) * (1 + (attempt - 1) / 2))

    return needed


def in_batches(wildcards):
    """Whether a classifier is fitted in batches."""
    return bool(get_experiment(wildcards).entry(wildcards.model).get("batch_size"))


def is_mapped(wildcards):
    """Whether a dataset's archive can be unpacked without having all of it in memory."""
    return DATASETS[get_dataset(wildcards)]["type"] in ("downsampled_imagenet", "synthetic")


def minutes(base, per_gigabyte=0):
    """Running time for a job, in whole minutes: a base, and so many for each gigabyte of images."""

    def needed(wildcards, attempt):
        return math.ceil((base + per_gigabyte * images_mb(wildcards) / 1000) * attempt)

    return needed


def training_minutes(wildcards, attempt):
    """Running time of a training, from its longest candidate."""
    epochs = max(get_experiment(wildcards).candidate_values(wildcards.model, "epochs"))
    return minutes(5, per_gigabyte=0.5 * epochs)(wildcards, attempt)


def tries_left(wildcards, attempt):
    """How often a job will be tried again if it fails."""
    # A job on a cluster does not know; the profiles try each twice more.
    retries = 2 if workflow.remote_exec else getattr(workflow.execution_settings, "retries", 0)
    return max(retries + 1 - attempt, 0)


# Jobs of a few seconds, whatever the size of the data.
SHORT_JOB = {"mem_mb": mem_mb(500), "runtime": minutes(2), "tries_left": tries_left}
