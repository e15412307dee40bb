# From predictions to metrics and the comparison of all models. These rules do not depend on model families.


use rule job as evaluate_model with:
    input:
        predictions="<results>/models/{model}{seed}{size}/predictions.npz",
        fit="<results>/models/{model}{seed}{size}/fit.json",
        test_images="<results>/data/test_images.npy",
        dataset="<results>/data/dataset.json",
    output:
        metrics="<results>/models/{model}{seed}{size}/metrics.json",
    log:
        "<logs>/evaluate_model/{model}{seed}{size}.log",
    group:
        "evaluation"
    params:
        **job_params("evaluate_model", settings={"seed": SEED}, failure_of=get_model),


use rule evaluate_model as summarize_training_curve with:
    input:
        history="<results>/models/{model}{seed}/history.csv",
    output:
        learning="<results>/models/{model}{seed}/training_summary.json",
    log:
        "<logs>/summarize_training_curve/{model}{seed}.log",
    wildcard_constraints:
        model=any_model(models_with_epochs),
    params:
        **job_params("summarize_training_curve", failure_of=get_model),


use rule job as compare_models with:
    input:
        predictions=for_each_model(get_runs, "predictions.npz"),
        fits=for_each_model(lambda plan: plan.models, "fit.json"),
        metrics=for_each_model(get_runs, "metrics.json"),
        train_labels="<results>/data/train_labels.npy",
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
        verdict="<results>/verdict.json",
        agreement="<results>/model_agreement.json",
    log:
        "<logs>/compare_models.log",
    group:
        "summary"
    params:
        **job_params(
            "compare_models",
            settings=lambda wildcards: {
                "models": (plan := get_experiment(wildcards)).models,
                "runs": get_runs(plan),
                "families": {model: plan.family(model).name for model in plan.models},
                "metric": plan.metric,
                "margin": plan.margin,
                "seed": SEED,
            },
        ),


use rule compare_models as evaluate_without_issues with:
    input:
        predictions=for_each_model(lambda plan: plan.models, "predictions.npz"),
        duplicates="<results>/audit/duplicates.csv",
        labels="<results>/audit/label_issues.csv",
        dataset="<results>/data/dataset.json",
    output:
        effects="<results>/audit/issue_impact.json",
    log:
        "<logs>/evaluate_without_issues.log",
    params:
        **job_params(
            "evaluate_without_issues",
            settings=lambda wildcards: {"models": get_experiment(wildcards).models, "seed": SEED},
        ),
