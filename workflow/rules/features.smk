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
    threads: 1
    resources:
        mem_mb=mem_mb(400, images=1, covariances=4),
        runtime=minutes(2, per_gigabyte=10),
    params:
        settings=lambda wildcards: settings({"part": wildcards.part}),
        script=untracked(SCRIPTS / "compute_moments.py"),
        code=fingerprint("compute_moments"),
    shell:
        "python {params.script:q} --images {input.images} --division {input.division} "
        "--moments {output.moments} --cost {output.cost} "
        "--settings {params.settings:q} --threads {threads} 2> {log}"


rule fit_features:
    input:
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
    threads: 1
    resources:
        mem_mb=mem_mb(600, images=1, covariances=8),
        runtime=minutes(5, per_gigabyte=60),
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=lambda wildcards: files(wildcards).features_settings(fit_of(wildcards), wildcards.part, SEED),
        script=untracked(SCRIPTS / "fit_features.py"),
        code=lambda wildcards: features_code("fit_features", plan(wildcards), fit_of(wildcards)),
        of=lambda wildcards, resources: fit_of(wildcards).base,
    shell:
        guarded("fit_features", of="{params.of}")
        + "python {params.script:q} --inputs {input.inputs} --labels {input.labels} --division {input.division} "
        "--dataset {input.dataset} --moments {input.moments} --best {input.best} --fitted {output.fitted} "
        "--cost {output.cost} --settings {params.settings:q} --threads {threads} 2> {log}"


rule compute_features:
    input:
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
    threads: 1
    resources:
        mem_mb=mem_mb(1100, images=1, covariances=1),
        runtime=minutes(5, per_gigabyte=60),
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=lambda wildcards: files(wildcards).features_settings(features_of(wildcards), None, SEED),
        script=untracked(SCRIPTS / "compute_features.py"),
        code=lambda wildcards: features_code("compute_features", plan(wildcards), features_of(wildcards)),
        of=lambda wildcards, resources: features_of(wildcards).base,
    shell:
        guarded("compute_features", of="{params.of}")
        + "python {params.script:q} --inputs {input.inputs} --dataset {input.dataset} --fitted {input.fitted} "
        "--best {input.best} --features {output.features} --cost {output.cost} "
        "--settings {params.settings:q} --threads {threads} 2> {log}"
