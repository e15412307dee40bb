# Plots of metrics and of the comparison. One job plots all metrics of a model, another one the comparison.


# ---- Figures of one model ----


use rule evaluate_model as plot_model with:
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
        roc_pr=reported("<results>/figures/{model}/roc_pr.svg", "Models", "ROC and precision-recall curves"),
        images=reported("<results>/figures/{model}/predictions.png", "Models", "random test images"),
    log:
        "<logs>/plot_model/{model}.log",
    # After the jobs that the comparison depends on.
    priority: -1
    params:
        **job_params(
            "plot_model",
            settings=lambda wildcards: plot_style(
                "confusion_matrix",
                "confused_pairs",
                "reliability",
                "predictions",
                model=wildcards.model,
                seed=SEED,
            ),
            failure_of=get_model,
        ),


use rule plot_model as plot_training_curves with:
    input:
        history="<results>/models/{model}/history.csv",
        learning="<results>/models/{model}/training_summary.json",
    output:
        figure=reported("<results>/figures/{model}/training.svg", "Models", "training curves"),
    log:
        "<logs>/plot_training_curves/{model}.log",
    wildcard_constraints:
        model=any_model(models_with_epochs),
    params:
        **job_params(
            "plot_training_curves",
            settings=lambda wildcards: (
                config["figures"]["text"] | config["figures"]["training"] | {"model": wildcards.model}
            ),
            failure_of=get_model,
        ),


use rule plot_model as plot_grid_search with:
    input:
        results="<results>/models/{model}/cv_results.csv",
    output:
        figure=reported("<results>/figures/{model}/grid_search.svg", "Models", "grid search"),
    log:
        "<logs>/plot_grid_search/{model}.log",
    wildcard_constraints:
        model=any_model(tuned_models),
    params:
        **job_params(
            "plot_grid_search",
            settings=lambda wildcards: (
                config["figures"]["text"]
                | config["figures"]["grid_scores"]
                | {"model": wildcards.model}
                | get_paths(wildcards).plot_search_params(wildcards.model)
            ),
            failure_of=get_model,
        ),


use rule plot_model as plot_filters with:
    input:
        learned=lambda wildcards: get_paths(wildcards).filters_source(wildcards.model)[0],
        dataset="<results>/data/dataset.json",
    output:
        figure=reported("<results>/figures/{model}/filters.png", "Models", "learned filters"),
    log:
        "<logs>/plot_filters/{model}.log",
    wildcard_constraints:
        model=any_model(models_with_filters),
    params:
        **job_params(
            "plot_filters",
            settings=lambda wildcards: (
                config["figures"]["text"]
                | {"dpi": config["figures"]["predictions"]["dpi"]}
                | {"module": get_paths(wildcards).filters_source(wildcards.model)[1]}
            ),
            code=lambda wildcards: code_hash(
                "plot_filters",
                modules=[
                    Path(*get_paths(wildcards).filters_source(wildcards.model)[1].split("."))
                    .with_suffix(".py")
                    .as_posix()
                ],
            ),
            failure_of=get_model,
        ),


# ---- Figures of all models ----


use rule compare_models as plot_robustness with:
    input:
        robustness=for_each_model(lambda plan: plan.fitted_models, "robustness.json"),
        metrics=for_each_model(lambda plan: plan.fitted_models, "metrics.json"),
    output:
        figure=reported("<results>/figures/robustness.svg", "Comparison", "accuracy on corrupted images"),
    log:
        "<logs>/plot_robustness.log",
    params:
        **job_params(
            "plot_robustness",
            settings=lambda wildcards: plot_style("cost", models=get_experiment(wildcards).fitted_models),
        ),


use rule compare_models as plot_comparison with:
    input:
        comparison="<results>/comparison.csv",
        tests="<results>/paired_tests.csv",
        agreement="<results>/model_agreement.json",
        test_images="<results>/data/test_images.npy",
        dataset="<results>/data/dataset.json",
    output:
        accuracy=reported("<results>/figures/accuracy.svg", "Comparison", "accuracy"),
        pairwise_differences=reported(
            "<results>/figures/pairwise_differences.svg", "Comparison", "pairwise differences"
        ),
        cost=reported("<results>/figures/accuracy_vs_cost.svg", "Comparison", "accuracy against cost"),
        fit_time=reported(
            "<results>/figures/accuracy_vs_fit_time.svg", "Comparison", "accuracy against fitting time"
        ),
        misclassified_by_all=reported(
            "<results>/figures/misclassified_by_all.png", "Comparison", "images that every model gets wrong"
        ),
        correct_by_one=reported(
            "<results>/figures/correct_by_one.png", "Comparison", "images that one model alone gets right"
        ),
        family_disagreements=reported(
            "<results>/figures/family_disagreements.png",
            "Comparison",
            "images on which the best of each kind differ",
        ),
    log:
        "<logs>/plot_comparison.log",
    params:
        **job_params(
            "plot_comparison",
            settings=plot_style("accuracy", "paired_tests", "cost", "agreement", seed=SEED),
        ),
