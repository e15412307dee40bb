# The report: the results of a run, on one page, and checks of them.


rule run_checks:
    input:
        comparison="<results>/comparison.csv",
        tests="<results>/paired_tests.csv",
        verdict="<results>/verdict.json",
        dataset="<results>/data/dataset.json",
        models=for_each_model(get_runs, "fit.json", "metrics.json"),
        learning=for_each_model(runs_with_epochs, "history.csv", "training_summary.json"),
        grids=for_each_model(tuned_models, "cv_results.csv"),
        fits=lambda wildcards: get_paths(wildcards).feature_fit_records(),
        audit=[path for path in AUDIT_FILES if path.endswith((".csv", ".json"))],
    output:
        checks="<results>/checks.json",
    log:
        "<logs>/run_checks.log",
    group:
        "summary"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params("run_checks", settings={"mute": sorted(config.get("mute", []))}),
    shell:
        RUN_JOB


use rule compare_models as write_report with:
    input:
        comparison="<results>/comparison.csv",
        tests="<results>/paired_tests.csv",
        agreement="<results>/model_agreement.json",
        verdict="<results>/verdict.json",
        checks="<results>/checks.json",
        dataset="<results>/data/dataset.json",
        models=for_each_model(get_runs, "fit.json", "metrics.json"),
        learning=for_each_model(runs_with_epochs, "history.csv", "training_summary.json"),
        grids=for_each_model(tuned_models, "cv_results.csv"),
        figures=lambda wildcards: figure_files(get_experiment(wildcards)),
        robustness=lambda wildcards: robustness_files(get_experiment(wildcards)),
        audit=[path for path in AUDIT_FILES if path.endswith((".csv", ".json"))],
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


rule write_audit_report:
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
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "write_audit_report",
            settings={"language": config["report"]["language"]},
            code=code_hash(
                "write_audit_report",
                *(
                    f"cifarbench/report/templates/{name}"
                    for name in ("audit*", "macros.html.j2", "style.css")
                ),
                "cifarbench/report/locale/*",
            ),
        ),
    shell:
        RUN_JOB
