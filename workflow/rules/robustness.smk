# Robustness to corrupted images, OOD images, and temperature scaling, if the configuration enables them.


use rule job as evaluate_corruptions with:
    input:
        files=inference_inputs,
    output:
        robustness="<results>/models/{model}/robustness.json",
    log:
        "<logs>/evaluate_corruptions/{model}.log",
    benchmark:
        "<benchmarks>/evaluate_corruptions/{model}.tsv"
    resources:
        **job_resources(mem_mb(1500, images=12), minutes(10, per_gigabyte=600)),
    params:
        **job_params(
            "evaluate_corruptions",
            model=get_model,
            settings=lambda wildcards: (CORRUPTION_CONFIG | {"seed": SEED}),
            code=export_code_hash("evaluate_corruptions"),
            failure_of=get_model,
            official=EXPERIMENTS.cifar10_c_dir,
        ),


use rule job as fit_temperature with:
    input:
        files=calibration_inputs,
        predictions="<results>/models/{model}/predictions.npz",
    output:
        temperature="<results>/models/{model}/temperature.json",
    log:
        "<logs>/fit_temperature/{model}.log",
    resources:
        **job_resources(mem_mb(1500, images=12), minutes(5, per_gigabyte=60)),
    params:
        **job_params(
            "fit_temperature",
            model=get_model,
            settings=lambda wildcards: {"size": calibration_size(wildcards)},
            code=export_code_hash("fit_temperature"),
            failure_of=get_model,
        ),
