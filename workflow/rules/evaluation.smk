# From predictions to metrics, and to the comparison of all models. No model family is known here.


rule score_model:
    input:
        predictions="<results>/models/{model}{seed}{size}/predictions.npz",
        fit="<results>/models/{model}{seed}{size}/fit.json",
        test_images="<results>/data/test_images.npy",
        dataset="<results>/data/dataset.json",
    output:
        metrics="<results>/models/{model}{seed}{size}/metrics.json",
    log:
        "<logs>/score_model/{model}{seed}{size}.log",
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params("score_model", settings={"seed": SEED}, failure_of=of_model),
    shell:
        RUN_JOB


rule describe_learning:
    input:
        history="<results>/models/{model}{seed}/history.csv",
    output:
        learning="<results>/models/{model}{seed}/learning.json",
    log:
        "<logs>/describe_learning/{model}{seed}.log",
    wildcard_constraints:
        model=any_model(learners),
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params("describe_learning", failure_of=of_model),
    shell:
        RUN_JOB


rule compare_models:
    input:
        predictions=per_model(lambda plan: plan.models, "predictions.npz"),
        fits=per_model(lambda plan: plan.models, "fit.json"),
        metrics=per_model(runs_of, "metrics.json"),
        dataset="<results>/data/dataset.json",
    output:
        comparison=reported("<results>/comparison.csv", "Comparison", "table"),
        latex_table="<results>/comparison.tex",
        tests=reported(
            "<results>/paired_tests.csv",
            "Comparison",
            "tests of all pairs, table",
            caption="paired_tests_table",
        ),
        agreement="<results>/agreement.json",
    log:
        "<logs>/compare_models.log",
    group:
        "summary"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params("compare_models", settings=lambda wildcards: compared(plan(wildcards))),
    shell:
        RUN_JOB


rule weigh_faults:
    input:
        predictions=per_model(lambda plan: plan.models, "predictions.npz"),
        duplicates="<results>/audit/duplicates.csv",
        labels="<results>/audit/labels.csv",
        dataset="<results>/data/dataset.json",
    output:
        effects="<results>/audit/effects.json",
    log:
        "<logs>/weigh_faults.log",
    group:
        "summary"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "weigh_faults", settings=lambda wildcards: {"models": plan(wildcards).models, "seed": SEED}
        ),
    shell:
        RUN_JOB
