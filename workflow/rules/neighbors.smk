# From features to predictions by nearest neighbours.


rule score_neighbors:
    input:
        features=lambda wildcards: files(wildcards).features(
            plan(wildcards).features_of(wildcards.model, wildcards.cell), wildcards.part, "train"
        ),
        labels="<results>/data/train_labels.npy",
        division=lambda wildcards: division_files(wildcards.part),
    output:
        cell="<results>/models/{model}/cells/{part}/{cell}.json",
    log:
        "<logs>/score_neighbors/{model}/{part}/{cell}.log",
    benchmark:
        "<benchmarks>/score_neighbors/{model}/{part}/{cell}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.made_in("neighbors")),
    group:
        "cells"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(500, images=9),
        runtime=minutes(2, per_gigabyte=30),
        tries_left=tries_left,
    params:
        **job_params(
            "score_neighbors",
            # One search for the largest number of neighbours holds all smaller ones.
            settings=lambda wildcards: files(wildcards).cell_settings(
                wildcards.model,
                wildcards.cell,
                wildcards.part,
                max_neighbors=max(plan(wildcards).values_of(wildcards.model, "n_neighbors")),
            ),
            failure_of=of_model,
            memory_mb=config["memory_mb"],
        ),
    shell:
        RUN_JOB


rule search_neighbors:
    input:
        train_features=features_of_run("train"),
        test_features=features_of_run("test"),
        division=lambda wildcards: division_files(part_of(wildcards.size)),
    output:
        neighbors="<results>/models/{model}{seed}{size}/shards/beyond_{below}.npz",
        cost="<results>/models/{model}{seed}{size}/shards/beyond_{below}.json",
    log:
        "<logs>/search_neighbors/{model}{seed}{size}/beyond_{below}.log",
    benchmark:
        "<benchmarks>/search_neighbors/{model}{seed}{size}/beyond_{below}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.made_in("neighbors")),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(500, images=9),
        runtime=minutes(3, per_gigabyte=60),
        tries_left=tries_left,
    params:
        **job_params(
            "search_neighbors",
            settings=lambda wildcards: files(wildcards).model_settings(
                wildcards.model, wildcards.size, beyond=int(wildcards.below)
            ),
            failure_of=of_model,
            memory_mb=config["memory_mb"],
        ),
    shell:
        RUN_JOB


rule predict_neighbors:
    input:
        train_features=features_of_run("train"),
        train_labels="<results>/data/train_labels.npy",
        test_features=features_of_run("test"),
        test_labels="<results>/data/test_labels.npy",
        division=lambda wildcards: division_files(part_of(wildcards.size)),
        dataset="<results>/data/dataset.json",
        best=lambda wildcards: files(wildcards).best(wildcards.model, wildcards.size),
        fit_costs=costs_of_run("train"),
        predict_costs=costs_of_run("test"),
        search_costs=lambda wildcards: files(wildcards).search_costs(wildcards.model, wildcards.size),
        shards=lambda wildcards: files(wildcards).shards(run_of(wildcards)),
        shard_costs=lambda wildcards: costs_beside(files(wildcards).shards(run_of(wildcards))),
    output:
        predictions="<results>/models/{model}{seed}{size}/predictions.npz",
        fit="<results>/models/{model}{seed}{size}/fit.json",
    log:
        "<logs>/predict_neighbors/{model}{seed}{size}.log",
    benchmark:
        "<benchmarks>/predict_neighbors/{model}{seed}{size}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.made_in("neighbors")),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(500, images=9),
        runtime=minutes(3, per_gigabyte=60),
        tries_left=tries_left,
    params:
        **job_params(
            "predict_neighbors",
            settings=lambda wildcards: files(wildcards).model_settings(wildcards.model, wildcards.size),
            failure_of=of_model,
            memory_mb=config["memory_mb"],
        ),
    shell:
        RUN_JOB
