# From features to predictions by classifiers of scikit-learn's interface.


rule score_estimator:
    input:
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
    threads: 1
    resources:
        mem_mb=mem_mb(800, images=12, bounded=in_batches),
        runtime=minutes(10, per_gigabyte=300),
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=lambda wildcards: files(wildcards).cell_settings(
            wildcards.model, wildcards.cell, wildcards.part, seed=plan(wildcards).seeds[0]
        ),
        script=untracked(SCRIPTS / "score_estimator.py"),
        code=model_code("score_estimator"),
    shell:
        guarded("score_estimator")
        + "python {params.script:q} --features {input.features} --labels {input.labels} "
        "--division {input.division} --cell {output.cell} --settings {params.settings:q} --threads {threads} 2> {log}"


rule fit_estimator:
    input:
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
    threads: 1
    resources:
        mem_mb=mem_mb(800, images=12, bounded=in_batches),
        runtime=minutes(10, per_gigabyte=300),
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=lambda wildcards: files(wildcards).model_settings(
            wildcards.model, wildcards.size, **plan(wildcards).seed(wildcards.seed)
        ),
        script=untracked(SCRIPTS / "fit_estimator.py"),
        code=model_code("fit_estimator"),
    shell:
        guarded("fit_estimator")
        + "python {params.script:q} --features {input.features} --labels {input.labels} "
        "--division {input.division} --best {input.best} --estimator {output.estimator} --cost {output.cost} "
        "--settings {params.settings:q} --threads {threads} 2> {log}"


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
    threads: 1
    resources:
        mem_mb=mem_mb(800, images=6),
        runtime=minutes(3, per_gigabyte=60),
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=lambda wildcards: files(wildcards).model_settings(
            wildcards.model, wildcards.size, **plan(wildcards).seed(wildcards.seed)
        ),
        script=untracked(SCRIPTS / "predict_estimator.py"),
        code=model_code("predict_estimator"),
    shell:
        guarded("predict_estimator") + "python {params.script:q} --estimator {input.estimator} "
        "--test-features {input.test_features} --test-labels {input.test_labels} --dataset {input.dataset} "
        "--best {input.best} --fit-costs {input.fit_cost} {input.features_costs} "
        "--predict-costs {input.predict_costs} --search-costs {input.search_costs} "
        "--predictions {output.predictions} --fit {output.fit} "
        "--settings {params.settings:q} --threads {threads} 2> {log}"
