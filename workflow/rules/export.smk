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
    resources:
        mem_mb=mem_mb(2500, images=20, bounded=False),
        runtime=minutes(5, per_gigabyte=60),
    params:
        **job_params(
            "export_model",
            model=of_model,
            settings=lambda wildcards: files(wildcards).model_settings(wildcards.model),
            code=export_code("export_model"),
        ),
    shell:
        RUN_JOB


rule fetch_runtime:
    output:
        receipt="<results>/exported/onnxruntime-web.json",
    log:
        "<logs>/fetch_runtime.log",
    # Where jobs are sent to a cluster, its nodes often have no way out.
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(30),
    params:
        **job_params("fetch_runtime", cache=CACHE),
    shell:
        RUN_JOB


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
    resources:
        mem_mb=mem_mb(1500),
        runtime=minutes(2),
    params:
        **job_params("write_try_page", code=fingerprint("write_try_page", "cifarbench/export/templates/*")),
    shell:
        RUN_JOB


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
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "write_card",
            model=of_model,
            settings=lambda wildcards: {"configuration": shown(wildcards.dataset, [wildcards.model])},
            code=fingerprint("write_card", "cifarbench/export/templates/*"),
        ),
    shell:
        RUN_JOB
