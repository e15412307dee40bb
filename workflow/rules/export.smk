# What is taken along of a model: an ONNX file, a page on which it can be tried, a card. Made when it is asked for.


rule export_model:
    input:
        files=stored_files,
    output:
        onnx="<results>/exported/{model}.onnx",
        parity="<results>/exported/{model}.parity.json",
    log:
        "<logs>/export_model/{model}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(2500, images=20, bounded=False),
        runtime=minutes(5, per_gigabyte=60),
    params:
        settings=lambda wildcards: files(wildcards).model_settings(wildcards.model),
        script=untracked(SCRIPTS / "export_model.py"),
        code=export_code("export_model"),
    shell:
        # Not the folder's name: with object storage, the files lie elsewhere.
        "python {params.script:q} --folder $(dirname $(dirname {input.files[0]:q})) --model {wildcards.model} "
        "--onnx {output.onnx} --parity {output.parity} 2> {log}"


rule fetch_runtime:
    output:
        receipt="<results>/exported/onnxruntime-web.json",
    log:
        "<logs>/fetch_runtime.log",
    # Where jobs are sent to a cluster, its nodes often have no way out.
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(30),
    params:
        script=untracked(SCRIPTS / "fetch_runtime.py"),
        code=fingerprint("fetch_runtime"),
        cache=untracked(CACHE),
    shell:
        "python {params.script:q} --runtime-receipt {output.receipt} --cache={params.cache:q} 2> {log}"


rule write_try_page:
    input:
        onnx="<results>/exported/{model}.onnx",
        parity="<results>/exported/{model}.parity.json",
        dataset="<results>/data/dataset.json",
        receipt="<results>/exported/onnxruntime-web.json",
    output:
        page="<results>/exported/{model}.try.html",
    log:
        "<logs>/write_try_page/{model}.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(1500),
        runtime=minutes(2),
    params:
        script=untracked(SCRIPTS / "write_try_page.py"),
        code=fingerprint("write_try_page", "cifarbench/export/templates/*"),
    shell:
        "python {params.script:q} --onnx {input.onnx} --parity {input.parity} --dataset {input.dataset} "
        "--runtime-receipt {input.receipt} --page {output.page} 2> {log}"


rule write_card:
    input:
        comparison="<results>/comparison.csv",
        tests="<results>/paired_tests.csv",
        dataset="<results>/data/dataset.json",
        models=per_model(runs_of, "fit.json", "metrics.json"),
        found=lambda wildcards: robustness_files(plan(wildcards))
        + [path for path in AUDIT if path.endswith("effects.json")],
        parity="<results>/exported/{model}.parity.json",
    output:
        page="<results>/exported/{model}.card.md",
    log:
        "<logs>/write_card/{model}.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(400),
        runtime=minutes(2),
    params:
        settings=lambda wildcards: settings({"configuration": shown(wildcards.dataset, [wildcards.model])}),
        script=untracked(SCRIPTS / "write_card.py"),
        code=fingerprint("write_card", "cifarbench/export/templates/*"),
    shell:
        # Not the folder's name: with object storage, the files lie elsewhere.
        "python {params.script:q} --folder $(dirname {input.comparison:q}) --model {wildcards.model} "
        "--parity {input.parity} --page {output.page} --settings {params.settings:q} 2> {log}"
