# k nearest neighbours: on pixels, on principal components, and tuned by grid search.


rule assign_folds:
    input:
        labels="<results>/data/train_labels.npy",
    output:
        folds="<results>/folds/{folds}.npy",
    log:
        "<logs>/assign_folds/{folds}.log",
    wildcard_constraints:
        folds=r"\d+",
    # Short jobs: a cluster gets all of a group as one.
    group:
        "components"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(300),
        runtime=minutes(2),
    params:
        settings=lambda wildcards: settings({"folds": int(wildcards.folds)}),
        script=untracked(SCRIPTS / "assign_folds.py"),
        code=fingerprint("assign_folds"),
    shell:
        "python {params.script:q} --labels {input.labels} --folds {output.folds} "
        "--settings {params.settings:q} 2> {log}"


rule compute_moments:
    input:
        images="<results>/data/train_images.npy",
        folds=lambda wildcards: folds_file(wildcards.part),
    output:
        moments="<results>/moments/{part}.npz",
        cost="<results>/moments/{part}.json",
    log:
        "<logs>/compute_moments/{part}.log",
    benchmark:
        "<benchmarks>/compute_moments/{part}.tsv"
    group:
        "components"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(400, images=1, covariances=4),
        runtime=minutes(2, per_gigabyte=10),
    params:
        settings=lambda wildcards: settings(fold_of(wildcards.part)),
        script=untracked(SCRIPTS / "compute_moments.py"),
        code=fingerprint("compute_moments"),
    shell:
        "python {params.script:q} --images {input.images} --folds {input.folds} "
        "--moments {output.moments} --cost {output.cost} "
        "--settings {params.settings:q} --threads {threads} 2> {log}"


rule fit_pca:
    input:
        moments="<results>/moments/all.npz",
        left_out=lambda wildcards: [] if wildcards.part == "all" else "<results>/moments/{part}.npz",
    output:
        components="<results>/pca/{scaling}_{part}.npz",
        cost="<results>/pca/{scaling}_{part}.json",
    log:
        "<logs>/fit_pca/{scaling}_{part}.log",
    benchmark:
        "<benchmarks>/fit_pca/{scaling}_{part}.tsv"
    group:
        "components"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200, covariances=8),
        runtime=minutes(5),
    params:
        settings=lambda wildcards: settings({"scale": wildcards.scaling == "scaled"}),
        script=untracked(SCRIPTS / "fit_pca.py"),
        code=fingerprint("fit_pca"),
    shell:
        "python {params.script:q} --moments {input.moments} --left-out {input.left_out} "
        "--components {output.components} --cost {output.cost} "
        "--settings {params.settings:q} --threads {threads} 2> {log}"


rule score_grid_cell:
    input:
        images="<results>/data/train_images.npy",
        labels="<results>/data/train_labels.npy",
        folds=lambda wildcards: folds_file(wildcards.part),
        components=lambda wildcards: f"<results>/pca/{scaling_of(wildcards.model)}_{{part}}.npz",
    output:
        cell="<results>/models/{model}/cells/{part}/components_{n_components}.json",
    log:
        "<logs>/score_grid_cell/{model}/{part}/components_{n_components}.log",
    benchmark:
        "<benchmarks>/score_grid_cell/{model}/{part}/components_{n_components}.tsv"
    wildcard_constraints:
        n_components=r"\d+",
    group:
        "cells"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(500, images=3, covariances=1),
        runtime=minutes(2, per_gigabyte=30),
    params:
        # One search for the largest number of neighbours holds all smaller ones.
        settings=lambda wildcards: settings(
            fold_of(wildcards.part)
            | {
                "n_components": int(wildcards.n_components),
                "max_neighbors": max(entry_of(wildcards.model)["n_neighbors"]),
            }
        ),
        script=untracked(SCRIPTS / "score_grid_cell.py"),
        code=fingerprint("score_grid_cell"),
    shell:
        "python {params.script:q} --images {input.images} --labels {input.labels} "
        "--folds {input.folds} --components {input.components} --cell {output.cell} "
        "--settings {params.settings:q} --threads {threads} 2> {log}"


rule choose_best_pair:
    input:
        cells=lambda wildcards: expand(
            "<results>/models/{{model}}/cells/{part}/components_{n_components}.json",
            n_components=entry_of(wildcards.model)["n_components"],
            part=parts_of(wildcards.model),
        ),
        costs=lambda wildcards: expand(
            ["<results>/moments/{part}.json", "<results>/pca/{scaling}_{part}.json"],
            part=parts_of(wildcards.model),
            scaling=scaling_of(wildcards.model),
        ),
    output:
        results="<results>/models/{model}/cv_results.csv",
        best="<results>/models/{model}/best_pair.json",
        cost="<results>/models/{model}/grid_cost.json",
    log:
        "<logs>/choose_best_pair/{model}.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(500),
        runtime=minutes(2),
    params:
        settings=lambda wildcards: settings(
            {key: entry_of(wildcards.model)[key] for key in ("n_components", "n_neighbors", "folds")}
        ),
        script=untracked(SCRIPTS / "choose_best_pair.py"),
        code=fingerprint("choose_best_pair"),
    shell:
        "python {params.script:q} --cells {input.cells} --costs {input.costs} "
        "--results {output.results} --best {output.best} --cost {output.cost} "
        "--settings {params.settings:q} 2> {log}"


rule predict_knn:
    input:
        train_images="<results>/data/train_images.npy",
        train_labels="<results>/data/train_labels.npy",
        test_images="<results>/data/test_images.npy",
        test_labels="<results>/data/test_labels.npy",
        dataset="<results>/data/dataset.json",
        components=lambda wildcards: components_of(wildcards.model),
        best=lambda wildcards: "<results>/models/{model}/best_pair.json" if wildcards.model in GRIDS else [],
        costs=lambda wildcards: (
            [path.replace(".npz", ".json") for path in components_of(wildcards.model)]
            + ["<results>/moments/all.json"] * bool(components_of(wildcards.model))
            + ["<results>/models/{model}/grid_cost.json"] * (wildcards.model in GRIDS)
        ),
    output:
        predictions="<results>/models/{model}/predictions.npz",
        fit="<results>/models/{model}/fit.json",
    log:
        "<logs>/predict_knn/{model}.log",
    benchmark:
        "<benchmarks>/predict_knn/{model}.tsv"
    wildcard_constraints:
        model="|".join(NEIGHBORS) or "none",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(500, images=4.5),
        runtime=minutes(3, per_gigabyte=60),
    params:
        settings=lambda wildcards: settings(
            {
                "model": wildcards.model,
                "family": entry_of(wildcards.model)["family"],
                "params": params_of(wildcards.model),
            }
        ),
        script=untracked(SCRIPTS / "predict_knn.py"),
        code=fingerprint("predict_knn"),
    shell:
        "python {params.script:q} "
        "--train-images {input.train_images} --train-labels {input.train_labels} "
        "--test-images {input.test_images} --test-labels {input.test_labels} --dataset {input.dataset} "
        "--components {input.components} --best {input.best} --costs {input.costs} "
        "--predictions {output.predictions} --fit {output.fit} "
        "--settings {params.settings:q} --threads {threads} 2> {log}"
