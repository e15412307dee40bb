# The conclusions report: what the run has found, on one page.


def shown(dataset):
    """What the report shows of the configuration: all that decided this run, and nothing that did not."""
    named = {name for model in PLAN.models for name in PLAN.chain_of_entry(model)}
    return {
        "dataset": dataset,
        "seed": SEED,
        **{key: config[key] for key in ("seeds", "archive", "sha256") if config.get(key)},
        "datasets": {dataset: config["datasets"][dataset]},
        "compare": PLAN.models,
        "features": {name: entry for name, entry in config["features"].items() if name in named},
        "models": {model: PLAN.entry(model) for model in PLAN.models},
    }


rule write_report:
    input:
        comparison="<results>/comparison.csv",
        tests="<results>/paired_tests.csv",
        agreement="<results>/agreement.json",
        dataset="<results>/data/dataset.json",
        models=expand(
            "<results>/models/{run}/{file}.json", run=RUNS, file=["fit", "metrics"], allow_missing=True
        ),
        learning=expand(
            "<results>/models/{run}/{file}",
            run=[run.path for run in PLAN.runs(*LEARNERS)] if LEARNERS else [],
            file=["history.csv", "learning.json"],
            allow_missing=True,
        ),
        grids=expand("<results>/models/{model}/cv_results.csv", model=TUNED, allow_missing=True),
        figures=FIGURES,
    output:
        page=report(
            "<results>/report.html",
            caption="../report/report_page.rst",
            category="Conclusions",
            labels={"file": "report"},
        ),
        markdown=report(
            "<results>/report.md",
            caption="../report/report_markdown.rst",
            category="Conclusions",
            labels={"file": "report for a pull request"},
        ),
    log:
        "<logs>/write_report.log",
    group:
        "summary"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(300),
        runtime=minutes(2),
    params:
        settings=lambda wildcards: settings(
            {"report": config["report"], "configuration": shown(wildcards.dataset)}
        ),
        script=untracked(SCRIPTS / "write_report.py"),
        code=fingerprint("write_report", "cifarbench/report/templates/**/*", "cifarbench/report/locale/*"),
    shell:
        # Not the folder's name: with object storage, the files lie elsewhere.
        "python {params.script:q} --folder $(dirname {input.comparison:q}) --files {input} "
        "--page {output.page} --markdown {output.markdown} --settings {params.settings:q} 2> {log}"
