# From pixels to predictions by networks: training asks for a GPU, and takes what torch finds; answers come from the CPU.


rule score_network:
    input:
        train_images="<results>/data/train_images.npy",
        train_labels="<results>/data/train_labels.npy",
        division=lambda wildcards: division_files(wildcards.part),
        dataset="<results>/data/dataset.json",
    output:
        cell="<results>/models/{model}/cells/{part}/{cell}.json",
    log:
        "<logs>/score_network/{model}/{part}/{cell}.log",
    benchmark:
        "<benchmarks>/score_network/{model}/{part}/{cell}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.made_in("networks")),
    priority: 10
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=mem_mb(1100, images=3),
        runtime=training_minutes,
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=lambda wildcards: files(wildcards).cell_settings(
            wildcards.model,
            wildcards.cell,
            wildcards.part,
            seed=plan(wildcards).seeds[0],
            **streamed(wildcards),
        ),
        script=untracked(SCRIPTS / "score_network.py"),
        code=model_code("score_network"),
        checkpoints=checkpoints,
        checkpoint_seconds=untracked(config["training"]["checkpoint_seconds"]),
    shell:
        guarded("score_network", keeping_memory=True)
        + "python {params.script:q} --train-images {input.train_images} --train-labels {input.train_labels} "
        "--division {input.division} --dataset {input.dataset} --cell {output.cell} "
        "--checkpoints {params.checkpoints:q} --checkpoint-seconds {params.checkpoint_seconds} "
        "--settings {params.settings:q} --code {params.code} --threads {threads} 2> {log}"


rule train_network:
    input:
        train_images="<results>/data/train_images.npy",
        train_labels="<results>/data/train_labels.npy",
        test_images="<results>/data/test_images.npy",
        test_labels="<results>/data/test_labels.npy",
        division=lambda wildcards: division_files(part_of(wildcards.size)),
        dataset="<results>/data/dataset.json",
        best=lambda wildcards: files(wildcards).best(wildcards.model, wildcards.size),
        search_costs=lambda wildcards: files(wildcards).search_costs(wildcards.model, wildcards.size),
    output:
        network="<results>/models/{model}{seed}{size}/network.safetensors",
        history="<results>/models/{model}{seed}{size}/history.csv",
        predictions="<results>/models/{model}{seed}{size}/predictions.npz",
        fit="<results>/models/{model}{seed}{size}/fit.json",
    log:
        "<logs>/train_network/{model}{seed}{size}.log",
    benchmark:
        "<benchmarks>/train_network/{model}{seed}{size}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.made_in("networks")),
    # The longest jobs start first, and the others fill up what is left.
    priority: 10
    conda:
        "../../environment.yml"
    # The batches are too small to fill two cores; two networks side by side are done sooner.
    threads: 1
    resources:
        gpu=1,
        mem_mb=mem_mb(1100, images=3),
        runtime=training_minutes,
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=lambda wildcards: files(wildcards).model_settings(
            wildcards.model, wildcards.size, **plan(wildcards).seed(wildcards.seed), **streamed(wildcards)
        ),
        script=untracked(SCRIPTS / "train_network.py"),
        code=model_code("train_network"),
        checkpoints=checkpoints,
        checkpoint_seconds=untracked(config["training"]["checkpoint_seconds"]),
    shell:
        guarded("train_network", keeping_memory=True) + "python {params.script:q} "
        "--train-images {input.train_images} --train-labels {input.train_labels} "
        "--test-images {input.test_images} --test-labels {input.test_labels} "
        "--division {input.division} --dataset {input.dataset} --best {input.best} "
        "--search-costs {input.search_costs} --network {output.network} --history {output.history} "
        "--predictions {output.predictions} --fit {output.fit} "
        "--checkpoints {params.checkpoints:q} --checkpoint-seconds {params.checkpoint_seconds} "
        "--settings {params.settings:q} --code {params.code} --threads {threads} 2> {log}"
