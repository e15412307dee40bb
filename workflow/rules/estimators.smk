# From features to predictions by classifiers of scikit-learn's interface.


rule score_estimator:
    input:
        checked=check_of,
        features=lambda wildcards: files(wildcards).features(
            plan(wildcards).features_of(wildcards.model, wildcards.cell), wildcards.part, "train"
        ),
        labels="<results>/data/train_labels.npy",
        division=lambda wildcards: division_files(wildcards.part),
    output:
        cell="<results>/models/{model}/cells/{part}/{cell}.json",
    log:
        "<logs>/score_estimator/{model}/{part}/{cell}.log",
    benchmark:
        "<benchmarks>/score_estimator/{model}/{part}/{cell}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.made_in("estimators")),
    group:
        "cells"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(800, images=12, bounded=in_batches),
        runtime=minutes(10, per_gigabyte=300),
        tries_left=tries_left,
    params:
        **job_params(
            "score_estimator",
            settings=lambda wildcards: files(wildcards).cell_settings(
                wildcards.model, wildcards.cell, wildcards.part, seed=plan(wildcards).seeds[0]
            ),
            code=model_code("score_estimator"),
            failure_of=of_model,
        ),
    shell:
        RUN_JOB


rule fit_estimator:
    input:
        checked=check_of,
        features=features_of_run("train"),
        labels="<results>/data/train_labels.npy",
        division=lambda wildcards: division_files(part_of(wildcards.size)),
        best=lambda wildcards: files(wildcards).best(wildcards.model, wildcards.size),
    output:
        estimator="<results>/models/{model}{seed}{size}/estimator.skops",
        cost="<results>/models/{model}{seed}{size}/fit_cost.json",
    log:
        "<logs>/fit_estimator/{model}{seed}{size}.log",
    benchmark:
        "<benchmarks>/fit_estimator/{model}{seed}{size}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.made_in("estimators")),
    priority: 5
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(800, images=12, bounded=in_batches),
        runtime=minutes(10, per_gigabyte=300),
        tries_left=tries_left,
    params:
        **job_params(
            "fit_estimator",
            settings=lambda wildcards: files(wildcards).model_settings(
                wildcards.model, wildcards.size, **plan(wildcards).seed(wildcards.seed)
            ),
            code=model_code("fit_estimator"),
            failure_of=of_model,
        ),
    shell:
        RUN_JOB


rule predict_estimator:
    input:
        estimator="<results>/models/{model}{seed}{size}/estimator.skops",
        test_features=features_of_run("test"),
        test_labels="<results>/data/test_labels.npy",
        dataset="<results>/data/dataset.json",
        best=lambda wildcards: files(wildcards).best(wildcards.model, wildcards.size),
        fit_cost="<results>/models/{model}{seed}{size}/fit_cost.json",
        features_costs=costs_of_run("train"),
        predict_costs=costs_of_run("test"),
        search_costs=lambda wildcards: files(wildcards).search_costs(wildcards.model, wildcards.size),
    output:
        predictions="<results>/models/{model}{seed}{size}/predictions.npz",
        fit="<results>/models/{model}{seed}{size}/fit.json",
    log:
        "<logs>/predict_estimator/{model}{seed}{size}.log",
    benchmark:
        "<benchmarks>/predict_estimator/{model}{seed}{size}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.made_in("estimators")),
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(800, images=6),
        runtime=minutes(3, per_gigabyte=60),
        tries_left=tries_left,
    params:
        **job_params(
            "predict_estimator",
            settings=lambda wildcards: files(wildcards).model_settings(
                wildcards.model, wildcards.size, **plan(wildcards).seed(wildcards.seed)
            ),
            code=model_code("predict_estimator"),
            failure_of=of_model,
        ),
    shell:
        RUN_JOB
