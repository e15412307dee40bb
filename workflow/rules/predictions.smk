# From files of predictions that were made elsewhere, and ONNX files, to predictions.


use rule job as read_predictions with:
    input:
        test_images="<results>/data/test_images.npy",
        test_labels="<results>/data/test_labels.npy",
        dataset="<results>/data/dataset.json",
    output:
        predictions="<results>/models/{model}/predictions.npz",
        fit="<results>/models/{model}/fit.json",
    log:
        "<logs>/read_predictions/{model}.log",
    benchmark:
        "<benchmarks>/read_predictions/{model}.tsv"
    wildcard_constraints:
        model=any_model(lambda plan: plan.models_of_package("predictions")),
    group:
        "evaluation"
    resources:
        **job_resources(mem_mb(1000, images=6), minutes(10, per_gigabyte=60)),
    params:
        **job_params(
            "read_predictions",
            settings=lambda wildcards: get_paths(wildcards).model_params_json(wildcards.model),
            # With the content of the file.
            code=model_code_hash("read_predictions"),
            failure_of=get_model,
        ),
