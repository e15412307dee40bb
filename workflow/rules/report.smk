# The report: the results of a run, on one page, and checks of them.


# What checks and the report read of a run.
RESULTS = {
    "comparison": "<results>/comparison.csv",
    "tests": "<results>/paired_tests.csv",
    "verdict": "<results>/verdict.json",
    "dataset": "<results>/data/dataset.json",
    "models": for_each_model(get_runs, "fit.json", "metrics.json"),
    "learning": for_each_model(runs_with_epochs, "history.csv", "training_summary.json"),
    "grids": for_each_model(tuned_models, "cv_results.csv"),
    "audit": [path for path in AUDIT_FILES if path.endswith((".csv", ".json"))],
}


use rule job as run_checks with:
    input:
        **RESULTS,
        fits=lambda wildcards: get_paths(wildcards).feature_fit_records(),
    output:
        checks="<results>/checks.json",
    log:
        "<logs>/run_checks.log",
    group:
        "summary"
    params:
        **job_params(
            "run_checks",
            settings={"mute": sorted(config.get("mute", []))},
            code=code_hash("run_checks", "cifarbench/report/templates/checks.j2"),
        ),


use rule compare_models as write_report with:
    input:
        **RESULTS,
        agreement="<results>/model_agreement.json",
        checks="<results>/checks.json",
        figures=lambda wildcards: figure_files(get_experiment(wildcards)),
        robustness=lambda wildcards: robustness_files(get_experiment(wildcards)),
    output:
        page=reported("<results>/report.html", "Conclusions", "report", caption="report_page"),
        markdown=reported(
            "<results>/report.md", "Conclusions", "report for a pull request", caption="report_markdown"
        ),
    log:
        "<logs>/write_report.log",
    params:
        **job_params(
            "write_report",
            settings=lambda wildcards: (
                {"report": config["report"], "configuration": config_for_report(wildcards.dataset)}
            ),
            code=code_hash("write_report", "cifarbench/report/templates/**/*", "cifarbench/report/locale/*"),
        ),


use rule job as write_audit_report with:
    input:
        files=[path for path in AUDIT_OUTPUTS if path.endswith((".csv", ".json"))],
        dataset="<results>/data/dataset.json",
        train_images="<results>/data/train_images.npy",
        test_images="<results>/data/test_images.npy",
        means="<results>/audit/class_means.npy",
    output:
        page=reported("<results>/audit.html", "Data", "data audit", caption="audit_page"),
    log:
        "<logs>/write_audit_report.log",
    # Takes a second.
    localrule: True
    params:
        **job_params(
            "write_audit_report",
            settings={"language": config["report"]["language"]},
            code=code_hash(
                "write_audit_report",
                *(
                    f"cifarbench/report/templates/{name}"
                    for name in ("audit*", "collect.js", "csv.js", "macros.html.j2", "style.css")
                ),
                "cifarbench/report/locale/*",
            ),
        ),


# ---- The explorer: all test images, with the predictions of all models ----


use rule job as embed_test_images with:
    input:
        comparison="<results>/comparison.csv",
        features=get_test_features,
        test_images="<results>/data/test_images.npy",
        test_labels="<results>/data/test_labels.npy",
    output:
        embedding="<results>/explorer/embedding.npz",
        summary="<results>/explorer/embedding.json",
    log:
        "<logs>/embed_test_images.log",
    benchmark:
        "<benchmarks>/embed_test_images.tsv"
    group:
        "summary"
    # With one thread, t-SNE has the same result each time.
    threads: 1
    resources:
        **job_resources(mem_mb(1500), minutes(20)),
    params:
        **job_params(
            "embed_test_images",
            settings=lambda wildcards: {"models": get_experiment(wildcards).models, "seed": SEED},
        ),


use rule job as explore_predictions with:
    input:
        **dataset_files("<results>/data"),
        # In this order.
        predictions=for_each_model(lambda plan: plan.models, "predictions.npz"),
        fits=for_each_model(lambda plan: plan.models, "fit.json"),
        neighbors=for_each_model(lambda plan: plan.models_with_neighbors, "neighbors.npz"),
        audit=[
            path
            for name in ("duplicates", "label_issues", "image_issues")
            for path in AUDIT_FILES
            if path.endswith(f"{name}.csv")
        ],
        embedding=EMBEDDING,
    output:
        page=reported("<results>/explorer.html", "Conclusions", "explorer", caption="explorer_page"),
    log:
        "<logs>/explore_predictions.log",
    group:
        "summary"
    resources:
        **job_resources(mem_mb(800), minutes(10)),
    params:
        **job_params(
            "explore_predictions",
            settings=lambda wildcards: {
                "models": get_experiment(wildcards).models,
                "knn": get_experiment(wildcards).models_with_neighbors,
                "seed": SEED,
                "language": config["report"]["language"],
            },
            code=code_hash(
                "explore_predictions",
                "cifarbench/report/templates/explorer*",
                "cifarbench/report/templates/explorer/*",
                "cifarbench/report/templates/csv.js",
                "cifarbench/report/templates/audit_sentences.j2",
                "cifarbench/report/templates/style.css",
                "cifarbench/report/locale/*",
            ),
        ),
