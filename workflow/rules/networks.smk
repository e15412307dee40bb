# From pixels to predictions by networks: training asks for a GPU, and takes what torch finds; answers come from the CPU.


rule score_network:
    input:
        checked=check_of,
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
    resources:
        gpu=1,
        mem_mb=mem_mb(1100, images=3),
        runtime=training_minutes,
        tries_left=tries_left,
    params:
        **job_params(
            "score_network",
            settings=lambda wildcards: files(wildcards).cell_settings(
                wildcards.model,
                wildcards.cell,
                wildcards.part,
                seed=plan(wildcards).seeds[0],
                **streamed(wildcards),
            ),
            code=model_code("score_network"),
            failure_of=of_model,
            keeping_memory=True,
            checkpoints=checkpoints,
            checkpoint_seconds=config["training"]["checkpoint_seconds"],
        ),
    shell:
        RUN_JOB


rule train_network:
    input:
        checked=check_of,
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
    resources:
        gpu=1,
        mem_mb=mem_mb(1100, images=3),
        runtime=training_minutes,
        tries_left=tries_left,
    params:
        **job_params(
            "train_network",
            settings=lambda wildcards: files(wildcards).model_settings(
                wildcards.model,
                wildcards.size,
                **plan(wildcards).seed(wildcards.seed),
                **streamed(wildcards),
            ),
            code=model_code("train_network"),
            failure_of=of_model,
            keeping_memory=True,
            checkpoints=checkpoints,
            checkpoint_seconds=config["training"]["checkpoint_seconds"],
        ),
    shell:
        RUN_JOB
