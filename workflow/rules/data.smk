# From archives to arrays. Where an archive comes from changes nothing after it: only its checksum counts.

# Of a dataset's entry, what says where it comes from, and what says what it is.
ORIGIN = ("archive", "sources", "file", "bytes", "files")
DECLARED = ("kind", "sha256", "n_train", "n_test", "n_classes", "image_shape", "classes", "labels", "resize")
CACHE = config.get("cache") or ""
# Types of datasets that need no download.
MADE_HERE = ("digits", "textures", "faces", "synthetic")


# ---- Arrays: these rules write <results> out, since their constraints of its wildcard would not reach into it ----


rule make_digits_archive:
    output:
        archive="results/{dataset}/data/digits-python.tar.gz",
        receipt="results/{dataset}/data/archive.json",
    log:
        "results/{dataset}/logs/make_digits_archive.log",
    wildcard_constraints:
        dataset=any_of(EXPERIMENTS.of_kind("digits")),
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params("make_digits_archive"),
    shell:
        RUN_JOB


rule make_synthetic_archive:
    output:
        archive=directory("results/{dataset}/data/synthetic"),
        receipt="results/{dataset}/data/archive.json",
    log:
        "results/{dataset}/logs/make_synthetic_archive.log",
    benchmark:
        "results/{dataset}/benchmarks/make_synthetic_archive.tsv"
    wildcard_constraints:
        dataset=any_of(EXPERIMENTS.of_kind("synthetic")),
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(400),
        runtime=minutes(2, per_gigabyte=10),
    params:
        **job_params(
            "make_synthetic_archive",
            settings=lambda wildcards: (entry_of(wildcards.dataset, DECLARED) | {"seed": SEED}),
        ),
    shell:
        RUN_JOB


rule make_packaged_archive:
    output:
        archive="results/{dataset}/data/packaged.npz",
        receipt="results/{dataset}/data/archive.json",
    log:
        "results/{dataset}/logs/make_packaged_archive.log",
    wildcard_constraints:
        dataset=any_of(EXPERIMENTS.of_kind("textures", "faces")),
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "make_packaged_archive", settings=lambda wildcards: {"kind": DATASETS[wildcards.dataset]["kind"]}
        ),
    shell:
        RUN_JOB


rule fetch_archive:
    output:
        receipt="results/{dataset}/data/archive.json",
    log:
        "results/{dataset}/logs/fetch_archive.log",
    wildcard_constraints:
        dataset=any_of({*DATASETS} - {*EXPERIMENTS.of_kind(*MADE_HERE)}),
    # Where jobs are sent to a cluster, its nodes often have no way out.
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(120),
    params:
        **job_params(
            "fetch_archive",
            settings=lambda wildcards: (
                {key: DATASETS[wildcards.dataset].get(key) for key in ("kind", "sha256")}
            ),
            # Sources and the cache are no settings: other ones give the same archive.
            origin=lambda wildcards: entry_of(wildcards.dataset, ORIGIN),
            cache=CACHE,
        ),
    shell:
        RUN_JOB


rule unpack_archive:
    input:
        receipt="results/{dataset}/data/archive.json",
    output:
        train_images="results/{dataset}/data/train_images.npy",
        train_labels="results/{dataset}/data/train_labels.npy",
        test_images="results/{dataset}/data/test_images.npy",
        test_labels="results/{dataset}/data/test_labels.npy",
        dataset="results/{dataset}/data/dataset.json",
    log:
        "results/{dataset}/logs/unpack_archive.log",
    benchmark:
        "results/{dataset}/benchmarks/unpack_archive.tsv"
    wildcard_constraints:
        dataset=any_of(DATASETS),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(300, images=2, bounded=is_mapped),
        runtime=minutes(5, per_gigabyte=10),
    params:
        **job_params(
            "unpack_archive",
            settings=lambda wildcards: (
                {"dataset": wildcards.dataset} | entry_of(wildcards.dataset, (*DECLARED, "excluded"))
            ),
            exclude=lambda wildcards: DATASETS[wildcards.dataset].get("exclude", ""),
        ),
    shell:
        RUN_JOB


rule resample_images:
    input:
        train_images=lambda wildcards: f"results/{study_of(wildcards)}/data/train_images.npy",
        train_labels=lambda wildcards: f"results/{study_of(wildcards)}/data/train_labels.npy",
        test_images=lambda wildcards: f"results/{study_of(wildcards)}/data/test_images.npy",
        test_labels=lambda wildcards: f"results/{study_of(wildcards)}/data/test_labels.npy",
        dataset=lambda wildcards: f"results/{study_of(wildcards)}/data/dataset.json",
    output:
        train_images="results/{dataset}/data/train_images.npy",
        train_labels="results/{dataset}/data/train_labels.npy",
        test_images="results/{dataset}/data/test_images.npy",
        test_labels="results/{dataset}/data/test_labels.npy",
        dataset="results/{dataset}/data/dataset.json",
    log:
        "results/{dataset}/logs/resample_images.log",
    wildcard_constraints:
        dataset=any_of(SPLITS),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(300, images=2),
        runtime=minutes(2, per_gigabyte=10),
    params:
        **job_params(
            "resample_images",
            settings=lambda wildcards: {"split": SPLITS[wildcards.dataset][1], "seed": SEED},
        ),
    shell:
        RUN_JOB


rule divide_images:
    input:
        labels="<results>/data/train_labels.npy",
    output:
        division="<results>/parts/{division}.npy",
    log:
        "<logs>/divide_images/{division}.log",
    # Short jobs: a cluster gets all of a group as one.
    group:
        "features"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "divide_images",
            settings=lambda wildcards: (
                {
                    "division": wildcards.division,
                    "seed": 0 if wildcards.division.startswith("folds") else SEED,
                }
            ),
        ),
    shell:
        RUN_JOB


rule check_models:
    output:
        errors="results/{dataset}/checked_models.json",
    log:
        "results/{dataset}/logs/check_models.log",
    wildcard_constraints:
        dataset=any_of(DATASETS),
    # Mistakes end a run before anything is trained.
    priority: 100
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(900),
        runtime=minutes(5),
    params:
        **job_params(
            "check_models",
            settings=lambda wildcards: {"entries": build_checks.entries_to_build(plan(wildcards))},
            code=lambda wildcards: fingerprint("check_models", own=build_checks.user_code(plan(wildcards))),
            config=lambda wildcards: EXPERIMENTS.configs[wildcards.dataset],
        ),
    shell:
        RUN_JOB
