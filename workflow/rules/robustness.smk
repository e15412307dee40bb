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
    threads: 1
    resources:
        mem_mb=mem_mb(1500, images=12),
        runtime=minutes(10, per_gigabyte=600),
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=lambda wildcards: settings(CORRUPTED | {"seed": SEED}),
        script=untracked(SCRIPTS / "withstand_corruptions.py"),
        code=export_code("withstand_corruptions"),
        official=untracked(OFFICIAL),
    shell:
        # Not the folder's name: with object storage, the files lie elsewhere.
        guarded("withstand_corruptions")
        + "python {params.script:q} --folder $(dirname $(dirname {input.files[0]:q})) --model {wildcards.model} "
        "--robustness {output.robustness} --official={params.official:q} --settings {params.settings:q} 2> {log}"


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
    threads: 1
    resources:
        mem_mb=mem_mb(1500, images=12),
        runtime=minutes(5, per_gigabyte=60),
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=lambda wildcards: settings({"size": held_in(wildcards)}),
        size=lambda wildcards, resources: held_in(wildcards),
        script=untracked(SCRIPTS / "fit_temperature.py"),
        code=export_code("fit_temperature"),
    shell:
        guarded("fit_temperature")
        + "python {params.script:q} --folder $(dirname $(dirname {input.files[0]:q})) --model {wildcards.model} "
        "--size {params.size} --temperature {output.temperature} 2> {log}"
