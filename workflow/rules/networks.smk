# From pixels to predictions by networks. Training uses a GPU if there is one, prediction the CPU.


use rule job as cross_validate_network with:
    input:
        train_images="<results>/data/train_images.npy",
        train_labels="<results>/data/train_labels.npy",
        division=lambda wildcards: split_files(wildcards.part),
        dataset="<results>/data/dataset.json",
    output:
        cell="<results>/models/{model}/cv/{part}/{cell}.json",
    log:
        "<logs>/cross_validate_network/{model}/{part}/{cell}.log",
    benchmark:
        "<benchmarks>/cross_validate_network/{model}/{part}/{cell}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.models_of_package("networks")),
    # The longest jobs start first.
    priority: 10
    # One core each: batches are small, so two networks in parallel are faster than two cores for one.
    resources:
        **job_resources(mem_mb(1100, images=3, covariances=whitening_covariances), training_minutes),
        gpu=1,
    params:
        **job_params(
            "cross_validate_network",
            settings=lambda wildcards: get_paths(wildcards).cv_params_json(
                wildcards.model,
                wildcards.cell,
                wildcards.part,
                seed=get_experiment(wildcards).seeds[0],
                **streaming_param(wildcards),
            ),
            code=model_code_hash("cross_validate_network"),
            failure_of=get_model,
            keeping_memory=True,
            checkpoints=checkpoints,
            checkpoint_interval_seconds=config["training"]["checkpoint_interval_seconds"],
        ),


use rule cross_validate_network as train_network with:
    input:
        **dataset_files("<results>/data"),
        division=lambda wildcards: split_files(subset_name(wildcards.size)),
        best=lambda wildcards: get_paths(wildcards).best_params_file(wildcards.model, wildcards.size),
        folds=get_fold_files,
        fold_histories=lambda wildcards: get_paths(wildcards).fold_files(get_run(wildcards), "history.csv")[
            :2
        ],
        search_costs=lambda wildcards: get_paths(wildcards).tuning_cost_files(wildcards.model, wildcards.size),
    output:
        network="<results>/models/{model}{seed}{size}/network.safetensors",
        history="<results>/models/{model}{seed}{size}/history.csv",
        predictions="<results>/models/{model}{seed}{size}/predictions.npz",
        fit="<results>/models/{model}{seed}{size}/fit.json",
    log:
        "<logs>/train_network/{model}{seed}{size}.log",
    benchmark:
        "<benchmarks>/train_network/{model}{seed}{size}.tsv"
    params:
        **job_params(
            "train_network",
            settings=lambda wildcards: get_paths(wildcards).model_params_json(
                wildcards.model,
                wildcards.size,
                **get_experiment(wildcards).seed(wildcards.seed),
                **streaming_param(wildcards),
            ),
            code=model_code_hash("train_network"),
            failure_of=get_model,
            keeping_memory=True,
            checkpoints=checkpoints,
            checkpoint_interval_seconds=config["training"]["checkpoint_interval_seconds"],
        ),
