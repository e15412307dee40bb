# From arrays to features: fitted to a subset of the training images, computed for all images, shared by all models.

# `snakemake --cache` also shares them with other users of this machine. Failed jobs then end the run: their record would
# be shared, too.
SHARES_FEATURES = workflow.workflow_settings.cache is not None


use rule job as compute_covariance with:
    input:
        images="<results>/data/train_images.npy",
        division=lambda wildcards: split_files(wildcards.part),
    output:
        moments="<results>/covariance/{part}.npz",
        cost="<results>/covariance/{part}.json",
    log:
        "<logs>/compute_covariance/{part}.log",
    benchmark:
        "<benchmarks>/compute_covariance/{part}.tsv"
    cache: SHARES_FEATURES
    group:
        "features"
    resources:
        **job_resources(mem_mb(400, images=1, covariances=4), minutes(2, per_gigabyte=10)),
    params:
        **job_params(
            "compute_covariance",
            settings=lambda wildcards: {"part": wildcards.part},
            # If the folds fail, only tuned models fail.
            failure_of=None if SHARES_FEATURES else "covariance",
        ),


use rule job as fit_features with:
    input:
        inputs=lambda wildcards: get_paths(wildcards).features_file(
            get_fit(wildcards).inputs, wildcards.part, "train"
        ),
        labels="<results>/data/train_labels.npy",
        division=lambda wildcards: split_files(wildcards.part),
        dataset="<results>/data/dataset.json",
        moments=lambda wildcards: get_paths(wildcards).covariance_files(get_fit(wildcards), wildcards.part),
        best=lambda wildcards: get_paths(wildcards).best_params_of_fit(get_fit(wildcards), wildcards.part),
    output:
        fitted="<results>/fitted/{fit}/{part}.npz",
        cost="<results>/fitted/{fit}/{part}.json",
    log:
        "<logs>/fit_features/{fit}/{part}.log",
    benchmark:
        "<benchmarks>/fit_features/{fit}/{part}.tsv"
    cache: SHARES_FEATURES
    group:
        lambda wildcards: get_group(get_fit(wildcards))
    resources:
        **job_resources(mem_mb(600, images=1, covariances=8), minutes(5, per_gigabyte=60)),
    params:
        **job_params(
            "fit_features",
            settings=lambda wildcards: get_paths(wildcards).features_job_settings(
                get_fit(wildcards), wildcards.part, SEED
            ),
            code=lambda wildcards: features_code_hash(
                "fit_features", get_experiment(wildcards), get_fit(wildcards)
            ),
            failure_of=None if SHARES_FEATURES else lambda wildcards: get_fit(wildcards).base,
        ),


use rule job as download_weights with:
    output:
        receipt="<results>/weights/{backbone}.json",
    log:
        "<logs>/download_weights/{backbone}.log",
    # Nodes of a cluster often have no access to the internet.
    localrule: True
    resources:
        **job_resources(mem_mb(1000), minutes(60)),
    params:
        **job_params(
            "download_weights", settings=lambda wildcards: {"backbone": wildcards.backbone}, cache=CACHE
        ),


use rule job as compute_features with:
    input:
        inputs=lambda wildcards: get_paths(wildcards).features_file(
            get_feature_set(wildcards).inputs, wildcards.part, wildcards.split
        ),
        dataset="<results>/data/dataset.json",
        fitted=lambda wildcards: get_paths(wildcards).fitted_files(get_feature_set(wildcards), wildcards.part),
        best=lambda wildcards: get_paths(wildcards).best_params_of_features(
            get_feature_set(wildcards), wildcards.part
        ),
        weights=lambda wildcards: get_paths(wildcards).weights_files(get_feature_set(wildcards)),
    output:
        features="<results>/features/{features}/{part}/{split}.npy",
        cost="<results>/features/{features}/{part}/{split}.json",
    log:
        "<logs>/compute_features/{features}/{part}/{split}.log",
    benchmark:
        "<benchmarks>/compute_features/{features}/{part}/{split}.tsv"
    cache: SHARES_FEATURES
    group:
        lambda wildcards: get_group(get_feature_set(wildcards))
    resources:
        **job_resources(mem_mb(1100, images=1, covariances=1), minutes(5, per_gigabyte=60)),
    params:
        **job_params(
            "compute_features",
            settings=lambda wildcards: get_paths(wildcards).features_job_settings(
                get_feature_set(wildcards), None, SEED
            ),
            code=lambda wildcards: features_code_hash(
                "compute_features", get_experiment(wildcards), get_feature_set(wildcards)
            ),
            failure_of=None if SHARES_FEATURES else lambda wildcards: get_feature_set(wildcards).base,
            keeping_memory=lambda wildcards: get_feature_set(wildcards).type.pretrained,
        ),


# Snakemake refuses a benchmark file for rules whose outputs are shared; the cost files have the same times.
if SHARES_FEATURES:
    for proxy in (rules.compute_covariance, rules.fit_features, rules.compute_features):
        proxy.rule._benchmark = None
