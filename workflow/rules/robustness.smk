# What models are worth on worse images than those they were tested on. Nothing unless the configuration asks for it.


rule withstand_corruptions:
    input:
        files=stored_files,
    output:
        robustness="<results>/models/{model}/robustness.json",
    log:
        "<logs>/withstand_corruptions/{model}.log",
    benchmark:
        "<benchmarks>/withstand_corruptions/{model}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(1500, images=12),
        runtime=minutes(10, per_gigabyte=600),
        tries_left=tries_left,
    params:
        **job_params(
            "withstand_corruptions",
            model=of_model,
            settings=lambda wildcards: (CORRUPTED | {"seed": SEED}),
            code=export_code("withstand_corruptions"),
            failure_of=of_model,
            official=EXPERIMENTS.official_corruptions,
        ),
    shell:
        RUN_JOB


rule fit_temperature:
    input:
        files=lambda wildcards: files_of_part(wildcards, held_in(wildcards)),
        predictions="<results>/models/{model}/predictions.npz",
    output:
        temperature="<results>/models/{model}/temperature.json",
    log:
        "<logs>/fit_temperature/{model}.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(1500, images=12),
        runtime=minutes(5, per_gigabyte=60),
        tries_left=tries_left,
    params:
        **job_params(
            "fit_temperature",
            model=of_model,
            settings=lambda wildcards: {"size": held_in(wildcards)},
            code=export_code("fit_temperature"),
            failure_of=of_model,
        ),
    shell:
        RUN_JOB
