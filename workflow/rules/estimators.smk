# From features to predictions by classifiers with scikit-learn's interface.


use rule cross_validate_knn as cross_validate_estimator with:
    log:
        "<logs>/cross_validate_estimator/{model}/{part}/{cell}.log",
    benchmark:
        "<benchmarks>/cross_validate_estimator/{model}/{part}/{cell}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.models_of_package("estimators")),
    resources:
        **job_resources(mem_mb(800, images=12, bounded=in_batches), minutes(10, per_gigabyte=300)),
    params:
        **job_params(
            "cross_validate_estimator",
            settings=lambda wildcards: get_paths(wildcards).cv_params_json(
                wildcards.model, wildcards.cell, wildcards.part, seed=get_experiment(wildcards).seeds[0]
            ),
            code=model_code_hash("cross_validate_estimator"),
            failure_of=get_model,
        ),


use rule job as fit_estimator with:
    input:
        features=get_run_features("train"),
        labels="<results>/data/train_labels.npy",
        division=lambda wildcards: split_files(subset_name(wildcards.size)),
        best=lambda wildcards: get_paths(wildcards).best_params_file(wildcards.model, wildcards.size),
    output:
        estimator="<results>/models/{model}{seed}{size}/estimator.skops",
        cost="<results>/models/{model}{seed}{size}/fit_cost.json",
    log:
        "<logs>/fit_estimator/{model}{seed}{size}.log",
    benchmark:
        "<benchmarks>/fit_estimator/{model}{seed}{size}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.models_of_package("estimators")),
    priority: 5
    resources:
        **job_resources(mem_mb(800, images=12, bounded=in_batches), minutes(10, per_gigabyte=300)),
    params:
        **job_params(
            "fit_estimator",
            settings=lambda wildcards: get_paths(wildcards).model_params_json(
                wildcards.model, wildcards.size, **get_experiment(wildcards).seed(wildcards.seed)
            ),
            code=model_code_hash("fit_estimator"),
            failure_of=get_model,
        ),


use rule cross_validate_estimator as predict_estimator with:
    input:
        estimator="<results>/models/{model}{seed}{size}/estimator.skops",
        test_features=get_run_features("test"),
        test_labels="<results>/data/test_labels.npy",
        dataset="<results>/data/dataset.json",
        best=lambda wildcards: get_paths(wildcards).best_params_file(wildcards.model, wildcards.size),
        folds=get_fold_files,
        fit_cost="<results>/models/{model}{seed}{size}/fit_cost.json",
        features_costs=get_run_timing_files("train"),
        predict_costs=get_run_timing_files("test"),
        search_costs=lambda wildcards: get_paths(wildcards).tuning_cost_files(wildcards.model, wildcards.size),
    output:
        predictions="<results>/models/{model}{seed}{size}/predictions.npz",
        fit="<results>/models/{model}{seed}{size}/fit.json",
    log:
        "<logs>/predict_estimator/{model}{seed}{size}.log",
    benchmark:
        "<benchmarks>/predict_estimator/{model}{seed}{size}.tsv"
    group:
        "evaluation"
    resources:
        **job_resources(mem_mb(800, images=6), minutes(3, per_gigabyte=60)),
    params:
        **job_params(
            "predict_estimator",
            settings=lambda wildcards: get_paths(wildcards).model_params_json(
                wildcards.model, wildcards.size, **get_experiment(wildcards).seed(wildcards.seed)
            ),
            code=model_code_hash("predict_estimator"),
            failure_of=get_model,
        ),
