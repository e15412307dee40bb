# From arrays to features: fitted to a part of the training images, then computed for all images, once for all models.


rule compute_moments:
    input:
        images="<results>/data/train_images.npy",
        division=lambda wildcards: division_files(wildcards.part),
    output:
        moments="<results>/moments/{part}.npz",
        cost="<results>/moments/{part}.json",
    log:
        "<logs>/compute_moments/{part}.log",
    benchmark:
        "<benchmarks>/compute_moments/{part}.tsv"
    group:
        "features"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(400, images=1, covariances=4),
        runtime=minutes(2, per_gigabyte=10),
    params:
        **job_params("compute_moments", settings=lambda wildcards: {"part": wildcards.part}),
    shell:
        RUN_JOB


rule fit_features:
    input:
        checked=check_of,
        inputs=lambda wildcards: files(wildcards).features(fit_of(wildcards).inputs, wildcards.part, "train"),
        labels="<results>/data/train_labels.npy",
        division=lambda wildcards: division_files(wildcards.part),
        dataset="<results>/data/dataset.json",
        moments=lambda wildcards: files(wildcards).moments(fit_of(wildcards), wildcards.part),
        best=lambda wildcards: files(wildcards).best_of_fit(fit_of(wildcards), wildcards.part),
    output:
        fitted="<results>/fitted/{fit}/{part}.npz",
        cost="<results>/fitted/{fit}/{part}.json",
    log:
        "<logs>/fit_features/{fit}/{part}.log",
    benchmark:
        "<benchmarks>/fit_features/{fit}/{part}.tsv"
    group:
        lambda wildcards: group_of(fit_of(wildcards))
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(600, images=1, covariances=8),
        runtime=minutes(5, per_gigabyte=60),
        tries_left=tries_left,
    params:
        **job_params(
            "fit_features",
            settings=lambda wildcards: files(wildcards).features_settings(
                fit_of(wildcards), wildcards.part, SEED
            ),
            code=lambda wildcards: features_code("fit_features", plan(wildcards), fit_of(wildcards)),
            failure_of=lambda wildcards: fit_of(wildcards).base,
        ),
    shell:
        RUN_JOB


rule compute_features:
    input:
        checked=check_of,
        inputs=lambda wildcards: files(wildcards).features(
            features_of(wildcards).inputs, wildcards.part, wildcards.split
        ),
        dataset="<results>/data/dataset.json",
        fitted=lambda wildcards: files(wildcards).fitted(features_of(wildcards), wildcards.part),
        best=lambda wildcards: files(wildcards).best_of_features(features_of(wildcards), wildcards.part),
    output:
        features="<results>/features/{features}/{part}/{split}.npy",
        cost="<results>/features/{features}/{part}/{split}.json",
    log:
        "<logs>/compute_features/{features}/{part}/{split}.log",
    benchmark:
        "<benchmarks>/compute_features/{features}/{part}/{split}.tsv"
    group:
        lambda wildcards: group_of(features_of(wildcards))
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(1100, images=1, covariances=1),
        runtime=minutes(5, per_gigabyte=60),
        tries_left=tries_left,
    params:
        **job_params(
            "compute_features",
            settings=lambda wildcards: files(wildcards).features_settings(
                features_of(wildcards), None, SEED
            ),
            code=lambda wildcards: features_code(
                "compute_features", plan(wildcards), features_of(wildcards)
            ),
            failure_of=lambda wildcards: features_of(wildcards).base,
        ),
    shell:
        RUN_JOB
