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
