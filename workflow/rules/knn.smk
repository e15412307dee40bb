# From features to predictions by nearest neighbours.


use rule job as cross_validate_knn with:
    input:
        features=lambda wildcards: get_paths(wildcards).features_file(
            get_experiment(wildcards).features_of(wildcards.model, wildcards.cell), wildcards.part, "train"
        ),
        labels="<results>/data/train_labels.npy",
        division=lambda wildcards: split_files(wildcards.part),
    output:
        cell="<results>/models/{model}/cv/{part}/{cell}.json",
    log:
        "<logs>/cross_validate_knn/{model}/{part}/{cell}.log",
    benchmark:
        "<benchmarks>/cross_validate_knn/{model}/{part}/{cell}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.models_of_package("knn")),
    group:
        "cv_fits"
    resources:
        **job_resources(mem_mb(500, images=9), minutes(2, per_gigabyte=30)),
    params:
        **job_params(
            "cross_validate_knn",
            # A search for the largest number of neighbours includes all smaller numbers.
            settings=lambda wildcards: get_paths(wildcards).cv_params_json(
                wildcards.model,
                wildcards.cell,
                wildcards.part,
                max_neighbors=max(
                    get_experiment(wildcards).candidate_values(wildcards.model, "n_neighbors")
                ),
                **get_paths(wildcards).scored_neighbors(wildcards.model),
            ),
            failure_of=get_model,
            memory_mb=config["memory_mb"],
        ),


use rule job as search_knn_shard with:
    input:
        train_features=get_run_features("train"),
        test_features=get_run_features("test"),
        division=lambda wildcards: split_files(subset_name(wildcards.size)),
    output:
        neighbors="<results>/models/{model}{seed}{size}/shards/from_{below}.npz",
        cost="<results>/models/{model}{seed}{size}/shards/from_{below}.json",
    log:
        "<logs>/search_knn_shard/{model}{seed}{size}/from_{below}.log",
    benchmark:
        "<benchmarks>/search_knn_shard/{model}{seed}{size}/from_{below}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.models_of_package("knn")),
    resources:
        **job_resources(mem_mb(500, images=9), minutes(3, per_gigabyte=60)),
    params:
        **job_params(
            "search_knn_shard",
            settings=lambda wildcards: get_paths(wildcards).model_params_json(
                wildcards.model, wildcards.size, beyond=int(wildcards.below)
            ),
            failure_of=get_model,
            memory_mb=config["memory_mb"],
        ),


use rule search_knn_shard as predict_knn with:
    input:
        train_features=get_run_features("train"),
        train_labels="<results>/data/train_labels.npy",
        test_features=get_run_features("test"),
        test_labels="<results>/data/test_labels.npy",
        division=lambda wildcards: split_files(subset_name(wildcards.size)),
        dataset="<results>/data/dataset.json",
        best=lambda wildcards: get_paths(wildcards).best_params_file(wildcards.model, wildcards.size),
        folds=get_fold_files,
        fit_costs=get_run_timing_files("train"),
        predict_costs=get_run_timing_files("test"),
        search_costs=lambda wildcards: get_paths(wildcards).tuning_cost_files(wildcards.model, wildcards.size),
        shards=lambda wildcards: get_paths(wildcards).shard_files(get_run(wildcards)),
        shard_costs=lambda wildcards: [
            path.replace(".npz", ".json") for path in get_paths(wildcards).shard_files(get_run(wildcards))
        ],
    output:
        predictions="<results>/models/{model}{seed}{size}/predictions.npz",
        neighbors="<results>/models/{model}{seed}{size}/neighbors.npz",
        fit="<results>/models/{model}{seed}{size}/fit.json",
    log:
        "<logs>/predict_knn/{model}{seed}{size}.log",
    benchmark:
        "<benchmarks>/predict_knn/{model}{seed}{size}.tsv"
    params:
        **job_params(
            "predict_knn",
            settings=lambda wildcards: get_paths(wildcards).model_params_json(
                wildcards.model, wildcards.size
            ),
            failure_of=get_model,
            memory_mb=config["memory_mb"],
        ),
