# Export of a model: ONNX file, demo page and model card. Targets that must be named.


use rule job as export_model with:
    input:
        files=inference_inputs,
    output:
        onnx="<results>/export/{model}.onnx",
        parity="<results>/export/{model}.onnx_check.json",
    log:
        "<logs>/export_model/{model}.log",
    resources:
        **job_resources(mem_mb(2500, images=20, bounded=False), minutes(5, per_gigabyte=60)),
    params:
        **job_params(
            "export_model",
            model=get_model,
            settings=lambda wildcards: get_paths(wildcards).model_params_json(wildcards.model),
            code=export_code_hash("export_model"),
        ),


use rule job as download_onnxruntime_web with:
    output:
        receipt="<results>/export/onnxruntime-web.json",
    log:
        "<logs>/download_onnxruntime_web.log",
    # Nodes of a cluster often have no access to the internet.
    localrule: True
    resources:
        **job_resources(mem_mb(200), minutes(30)),
    params:
        **job_params("download_onnxruntime_web", cache=CACHE),


use rule job as write_onnx_demo with:
    input:
        onnx="<results>/export/{model}.onnx",
        parity="<results>/export/{model}.onnx_check.json",
        dataset="<results>/data/dataset.json",
        receipt="<results>/export/onnxruntime-web.json",
    output:
        page="<results>/export/{model}.demo.html",
    log:
        "<logs>/write_onnx_demo/{model}.log",
    localrule: True
    resources:
        **job_resources(mem_mb(1500), minutes(2)),
    params:
        **job_params("write_onnx_demo", code=code_hash("write_onnx_demo", "cifarbench/export/templates/*")),


use rule job as write_model_card with:
    input:
        comparison="<results>/comparison.csv",
        tests="<results>/paired_tests.csv",
        verdict="<results>/verdict.json",
        dataset="<results>/data/dataset.json",
        models=for_each_model(get_runs, "fit.json", "metrics.json"),
        optional=lambda wildcards: robustness_files(get_experiment(wildcards))
        + [path for path in AUDIT_FILES if path.endswith("issue_impact.json")],
        parity="<results>/export/{model}.onnx_check.json",
    output:
        page="<results>/export/{model}.model_card.md",
    log:
        "<logs>/write_model_card/{model}.log",
    localrule: True
    params:
        **job_params(
            "write_model_card",
            model=get_model,
            settings=lambda wildcards: {
                "configuration": config_for_report(wildcards.dataset, [wildcards.model])
            },
            code=code_hash("write_model_card", "cifarbench/export/templates/*"),
        ),
