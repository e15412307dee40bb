# Pictures of metrics and of the comparison. One job draws all pictures of a model, and one those of the comparison.


# ---- Figures of one model ----


rule draw_model:
    input:
        metrics="<results>/models/{model}/metrics.json",
        predictions="<results>/models/{model}/predictions.npz",
        fit="<results>/models/{model}/fit.json",
        test_images="<results>/data/test_images.npy",
        dataset="<results>/data/dataset.json",
    output:
        confusion_matrix=reported(
            "<results>/figures/{model}/confusion_matrix.svg", "Models", "confusion matrix"
        ),
        confused_pairs=reported(
            "<results>/figures/{model}/confused_pairs.png", "Models", "most confused classes"
        ),
        reliability=reported("<results>/figures/{model}/reliability.svg", "Models", "reliability"),
        pictures=reported("<results>/figures/{model}/predictions.png", "Models", "random test images"),
    log:
        "<logs>/draw_model/{model}.log",
    # What the comparison does not wait for fills the time while it is made.
    priority: -1
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "draw_model",
            settings=lambda wildcards: style_of(
                "confusion_matrix",
                "confused_pairs",
                "reliability",
                "predictions",
                model=wildcards.model,
                seed=SEED,
            ),
            failure_of=of_model,
        ),
    shell:
        RUN_JOB


rule draw_training:
    input:
        history="<results>/models/{model}/history.csv",
        learning="<results>/models/{model}/learning.json",
    output:
        figure=reported("<results>/figures/{model}/training.svg", "Models", "training curves"),
    log:
        "<logs>/draw_training/{model}.log",
    wildcard_constraints:
        model=any_model(learners),
    priority: -1
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "draw_training",
            settings=lambda wildcards: (
                config["figures"]["text"] | config["figures"]["training"] | {"model": wildcards.model}
            ),
            failure_of=of_model,
        ),
    shell:
        RUN_JOB


rule draw_tuning:
    input:
        results="<results>/models/{model}/cv_results.csv",
    output:
        figure=reported("<results>/figures/{model}/grid_scores.svg", "Models", "grid search"),
    log:
        "<logs>/draw_tuning/{model}.log",
    wildcard_constraints:
        model=any_model(tuned),
    priority: -1
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "draw_tuning",
            settings=lambda wildcards: (
                config["figures"]["text"] | config["figures"]["grid_scores"] | {"model": wildcards.model}
            ),
            failure_of=of_model,
        ),
    shell:
        RUN_JOB


rule draw_filters:
    input:
        learned=lambda wildcards: files(wildcards).with_filters(wildcards.model)[0],
        dataset="<results>/data/dataset.json",
    output:
        figure=reported("<results>/figures/{model}/filters.png", "Models", "what it looks for"),
    log:
        "<logs>/draw_filters/{model}.log",
    wildcard_constraints:
        model=any_model(lookers),
    priority: -1
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "draw_filters",
            settings=lambda wildcards: (
                config["figures"]["text"]
                | {"dpi": config["figures"]["predictions"]["dpi"]}
                | {"module": files(wildcards).with_filters(wildcards.model)[1]}
            ),
            code=lambda wildcards: fingerprint(
                "draw_filters", modules=[module_file(files(wildcards).with_filters(wildcards.model)[1])]
            ),
            failure_of=of_model,
        ),
    shell:
        RUN_JOB


# ---- Figures of all models ----


rule draw_robustness:
    input:
        robustness=per_model(lambda plan: plan.models, "robustness.json"),
        metrics=per_model(lambda plan: plan.models, "metrics.json"),
    output:
        figure=reported("<results>/figures/robustness.svg", "Comparison", "accuracy on corrupted images"),
    log:
        "<logs>/draw_robustness.log",
    group:
        "summary"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "draw_robustness", settings=lambda wildcards: style_of("cost", models=plan(wildcards).models)
        ),
    shell:
        RUN_JOB


rule draw_comparison:
    input:
        comparison="<results>/comparison.csv",
        tests="<results>/paired_tests.csv",
        agreement="<results>/agreement.json",
        test_images="<results>/data/test_images.npy",
        dataset="<results>/data/dataset.json",
    output:
        accuracy=reported("<results>/figures/accuracy.svg", "Comparison", "accuracy"),
        paired_tests=reported("<results>/figures/paired_tests.svg", "Comparison", "tests of all pairs"),
        cost=reported("<results>/figures/cost.svg", "Comparison", "accuracy against cost"),
        fit_time=reported("<results>/figures/fit_time.svg", "Comparison", "accuracy against fitting time"),
        always_wrong=reported(
            "<results>/figures/always_wrong.png", "Comparison", "images that every model gets wrong"
        ),
        only_one_right=reported(
            "<results>/figures/only_one_right.png", "Comparison", "images that one model alone gets right"
        ),
        rivals=reported(
            "<results>/figures/rivals.png", "Comparison", "images on which the best of each kind differ"
        ),
    log:
        "<logs>/draw_comparison.log",
    group:
        "summary"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "draw_comparison", settings=style_of("accuracy", "paired_tests", "cost", "agreement", seed=SEED)
        ),
    shell:
        RUN_JOB
