# The networks: training asks for a GPU, and takes what torch finds.


rule train_network:
    input:
        train_images="<results>/data/train_images.npy",
        train_labels="<results>/data/train_labels.npy",
        test_images="<results>/data/test_images.npy",
        test_labels="<results>/data/test_labels.npy",
        dataset="<results>/data/dataset.json",
    output:
        network="<results>/models/{model}/network.pt",
        history="<results>/models/{model}/history.csv",
        cost="<results>/models/{model}/training_cost.json",
    log:
        "<logs>/train_network/{model}.log",
    benchmark:
        "<benchmarks>/train_network/{model}.tsv"
    wildcard_constraints:
        model="|".join(TRAINED) or "none",
    # The longest jobs start first, and the others fill up what is left.
    priority: 10
    conda:
        "../../environment.yml"
    # The batches are too small to fill two cores; two networks side by side are done sooner.
    threads: 1
    resources:
        gpu=1,
        mem_mb=mem_mb(1100, images=2),
        runtime=lambda wildcards, attempt: minutes(
            5, per_gigabyte=0.5 * entry_of(wildcards.model)["epochs"]
        )(wildcards, attempt),
    params:
        settings=lambda wildcards: settings(
            {"params": params_of(wildcards.model), "seed": seed_of(wildcards.model)}
        ),
        script=untracked(SCRIPTS / "train_network.py"),
        code=fingerprint("train_network"),
        checkpoints=untracked(f"{RESULTS}/checkpoints"),
        checkpoint_seconds=untracked(config["training"]["checkpoint_seconds"]),
    shell:
        # Checkpoints are no output: Snakemake deletes outputs before a job runs again. The C library (glibc) is told to
        # keep freed memory; it would give each batch's back, and the system zero it again, at a third of the time.
        "MALLOC_MMAP_THRESHOLD_=1000000000 MALLOC_TRIM_THRESHOLD_=1000000000 python {params.script:q} "
        "--train-images {input.train_images} --train-labels {input.train_labels} "
        "--test-images {input.test_images} --test-labels {input.test_labels} --dataset {input.dataset} "
        "--network {output.network} --history {output.history} --cost {output.cost} "
        "--checkpoints {params.checkpoints:q}/{wildcards.model} "
        "--checkpoint-seconds {params.checkpoint_seconds} "
        "--settings {params.settings:q} --code {params.code} --threads {threads} 2> {log}"


rule predict_network:
    input:
        network="<results>/models/{model}/network.pt",
        test_images="<results>/data/test_images.npy",
        test_labels="<results>/data/test_labels.npy",
        cost="<results>/models/{model}/training_cost.json",
    output:
        predictions="<results>/models/{model}/predictions.npz",
        fit="<results>/models/{model}/fit.json",
    log:
        "<logs>/predict_network/{model}.log",
    benchmark:
        "<benchmarks>/predict_network/{model}.tsv"
    wildcard_constraints:
        model="|".join(TRAINED) or "none",
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(1100, images=2),
        runtime=minutes(3),
    params:
        settings=lambda wildcards: settings(
            {
                "model": wildcards.model,
                "family": entry_of(wildcards.model)["family"],
                "params": params_of(wildcards.model),
                "seed": seed_of(wildcards.model),
            }
        ),
        script=untracked(SCRIPTS / "predict_network.py"),
        code=fingerprint("predict_network"),
    shell:
        "python {params.script:q} --network {input.network} "
        "--test-images {input.test_images} --test-labels {input.test_labels} "
        "--cost {input.cost} --predictions {output.predictions} --fit {output.fit} "
        "--settings {params.settings:q} --threads {threads} 2> {log}"
