# The conclusions report: what the run has found, on one page.


rule write_report:
    input:
        comparison="<results>/comparison.csv",
        tests="<results>/paired_tests.csv",
        agreement="<results>/agreement.json",
        dataset="<results>/data/dataset.json",
        models=per_model(runs_of, "fit.json", "metrics.json"),
        learning=per_model(runs_of_learners, "history.csv", "learning.json"),
        grids=per_model(tuned, "cv_results.csv"),
        figures=lambda wildcards: figures(plan(wildcards)),
        robustness=lambda wildcards: robustness_files(plan(wildcards)),
        audit=[path for path in AUDIT if path.endswith((".csv", ".json"))],
    output:
        page=reported("<results>/report.html", "Conclusions", "report", caption="report_page"),
        markdown=reported(
            "<results>/report.md", "Conclusions", "report for a pull request", caption="report_markdown"
        ),
    log:
        "<logs>/write_report.log",
    group:
        "summary"
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "write_report",
            settings=lambda wildcards: (
                {"report": config["report"], "configuration": shown(wildcards.dataset)}
            ),
            code=fingerprint(
                "write_report", "cifarbench/report/templates/**/*", "cifarbench/report/locale/*"
            ),
        ),
    shell:
        RUN_JOB


rule write_audit:
    input:
        files=[path for path in AUDITED if path.endswith((".csv", ".json"))],
        dataset="<results>/data/dataset.json",
        train_images="<results>/data/train_images.npy",
        test_images="<results>/data/test_images.npy",
        means="<results>/audit/means.npy",
    output:
        page=reported("<results>/audit.html", "Data", "the images, looked over", caption="audit_page"),
    log:
        "<logs>/write_audit.log",
    # A second's work, on which no other job waits.
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "write_audit",
            settings={"language": config["report"]["language"]},
            code=fingerprint(
                "write_audit",
                *(
                    f"cifarbench/report/templates/{name}"
                    for name in ("audit*", "macros.html.j2", "style.css")
                ),
                "cifarbench/report/locale/*",
            ),
        ),
    shell:
        RUN_JOB
