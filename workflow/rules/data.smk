# From archives to arrays. Later stages depend on an archive's checksum, not on its source.

# Keys of a dataset's entry: the source of the archive, and its declared content.
ORIGIN = ("archive", "urls", "filename", "size_bytes", "files")
DECLARED = ("type", "sha256", "n_train", "n_test", "n_classes", "image_shape", "classes", "labels", "resize")
CACHE = config.get("cache_dir") or ""
# Types of datasets that need no download.
WITHOUT_DOWNLOAD = ("digits", "textures", "faces", "synthetic", "images")


# ---- Arrays: paths without <results>, since a rule's constraint of {dataset} does not apply to pathvars ----


use rule job as generate_synthetic_dataset with:
    output:
        archive=directory("<root>/{dataset}/data/synthetic"),
        receipt="<root>/{dataset}/data/source.json",
    log:
        "<root>/{dataset}/logs/generate_synthetic_dataset.log",
    benchmark:
        "<root>/{dataset}/benchmarks/generate_synthetic_dataset.tsv"
    wildcard_constraints:
        dataset=any_of(EXPERIMENTS.of_type("synthetic")),
    localrule: True
    resources:
        **job_resources(mem_mb(400), minutes(2, per_gigabyte=10)),
    params:
        **job_params(
            "generate_synthetic_dataset",
            settings=lambda wildcards: (dataset_spec(wildcards.dataset, DECLARED) | {"seed": SEED}),
        ),


use rule job as prepare_bundled_dataset with:
    output:
        archive="<root>/{dataset}/data/bundled_archive",
        receipt="<root>/{dataset}/data/source.json",
    log:
        "<root>/{dataset}/logs/prepare_bundled_dataset.log",
    wildcard_constraints:
        dataset=any_of(EXPERIMENTS.of_type("digits", "textures", "faces")),
    localrule: True
    params:
        **job_params(
            "prepare_bundled_dataset",
            settings=lambda wildcards: {"type": DATASETS[wildcards.dataset]["type"]},
        ),


use rule job as download_dataset with:
    output:
        receipt="<root>/{dataset}/data/source.json",
    log:
        "<root>/{dataset}/logs/download_dataset.log",
    wildcard_constraints:
        dataset=any_of({*DATASETS} - {*EXPERIMENTS.of_type(*WITHOUT_DOWNLOAD)}),
    # Nodes of a cluster often have no access to the internet. There are no `retries`: the job itself repeats a download,
    # and continues it.
    localrule: True
    resources:
        **job_resources(mem_mb(200), minutes(120)),
    params:
        **job_params(
            "download_dataset",
            settings=lambda wildcards: (
                {key: DATASETS[wildcards.dataset].get(key) for key in ("type", "sha256")}
            ),
            # Sources and the cache are not settings, since they do not change the archive.
            origin=lambda wildcards: dataset_spec(wildcards.dataset, ORIGIN),
            cache=CACHE,
        ),


use rule job as load_dataset with:
    input:
        receipt="<root>/{dataset}/data/source.json",
    output:
        **dataset_files("<root>/{dataset}/data"),
    log:
        "<root>/{dataset}/logs/load_dataset.log",
    benchmark:
        "<root>/{dataset}/benchmarks/load_dataset.tsv"
    wildcard_constraints:
        dataset=any_of({*DATASETS} - {*EXPERIMENTS.of_type("images")}),
    resources:
        **job_resources(mem_mb(300, images=2, bounded=is_mapped), minutes(5, per_gigabyte=10)),
    params:
        **job_params(
            "load_dataset",
            settings=lambda wildcards: (
                {"dataset": wildcards.dataset}
                | dataset_spec(wildcards.dataset, (*DECLARED, "excluded", "relabeled"))
            ),
            exclude=lambda wildcards: DATASETS[wildcards.dataset].get("exclude", ""),
            relabel=lambda wildcards: DATASETS[wildcards.dataset].get("relabel", ""),
        ),


use rule job as read_images with:
    output:
        images="<root>/{dataset}/data/images.npy",
        table="<root>/{dataset}/data/images.csv",
        skipped="<root>/{dataset}/data/skipped.csv",
        receipt="<root>/{dataset}/data/source.json",
    log:
        "<root>/{dataset}/logs/read_images.log",
    benchmark:
        "<root>/{dataset}/benchmarks/read_images.tsv"
    wildcard_constraints:
        dataset=any_of(EXPERIMENTS.of_type("images")),
    # As many cores as there are, up to this number.
    threads: 16
    resources:
        **job_resources(mem_mb(500, images=2, bounded=False), minutes(20, per_gigabyte=60)),
    params:
        **job_params(
            "read_images",
            settings=lambda wildcards: {
                key: DATASETS[wildcards.dataset].get(key)
                for key in ("sha256", "image_shape", "resize", "group")
            },
            path=lambda wildcards: DATASETS[wildcards.dataset]["archive"],
        ),


use rule job as make_train_test_split with:
    input:
        images="<root>/{dataset}/data/images.npy",
        table="<root>/{dataset}/data/images.csv",
        receipt="<root>/{dataset}/data/source.json",
    output:
        **dataset_files("<root>/{dataset}/data"),
        split="<root>/{dataset}/data/split.csv",
    log:
        "<root>/{dataset}/logs/make_train_test_split.log",
    benchmark:
        "<root>/{dataset}/benchmarks/make_train_test_split.tsv"
    wildcard_constraints:
        dataset=any_of(EXPERIMENTS.of_type("images")),
    threads: 2
    resources:
        **job_resources(mem_mb(700, images=4, bounded=False), minutes(5, per_gigabyte=60)),
    params:
        **job_params(
            "make_train_test_split",
            settings=lambda wildcards: {
                "dataset": wildcards.dataset,
                "seed": SEED,
                "group": DATASETS[wildcards.dataset].get("group"),
                "hflip_safe": DATASETS[wildcards.dataset].get("hflip_safe", True),
            }
            | dataset_spec(wildcards.dataset, ("split_sha256", "n_folds", "excluded", "relabeled")),
            split=lambda wildcards: DATASETS[wildcards.dataset].get("split") or "",
            exclude=lambda wildcards: DATASETS[wildcards.dataset].get("exclude", ""),
            relabel=lambda wildcards: DATASETS[wildcards.dataset].get("relabel", ""),
        ),


use rule load_dataset as make_random_split with:
    input:
        unpack(lambda wildcards: dataset_files(f"<root>/{get_dataset(wildcards)}/data")),
    log:
        "<root>/{dataset}/logs/make_random_split.log",
    benchmark:
        "<root>/{dataset}/benchmarks/make_random_split.tsv"
    wildcard_constraints:
        dataset=any_of(RANDOM_SPLITS),
    resources:
        **job_resources(mem_mb(300, images=2), minutes(2, per_gigabyte=10)),
    params:
        **job_params(
            "make_random_split",
            settings=lambda wildcards: {"split": RANDOM_SPLITS[wildcards.dataset][1], "seed": SEED},
        ),


use rule job as make_cv_splits with:
    input:
        labels="<results>/data/train_labels.npy",
        dataset="<results>/data/dataset.json",
    output:
        division="<results>/splits/{division}.npy",
    log:
        "<logs>/make_cv_splits/{division}.log",
    # Short jobs, which a cluster runs together as a group.
    group:
        "features"
    params:
        **job_params(
            "make_cv_splits",
            models=models_with_folds,
            failure_of=lambda wildcards: ", ".join(models_with_folds(wildcards)) or None,
            settings=lambda wildcards: (
                {
                    "division": wildcards.division,
                    "seed": 0 if wildcards.division.startswith("folds") else SEED,
                }
            ),
        ),
