# From predictions to metrics, and to the comparison of all models. No model family is known here.


rule score_model:
    input:
        predictions="<results>/models/{model}/predictions.npz",
        dataset="<results>/data/dataset.json",
    output:
        metrics="<results>/models/{model}/metrics.json",
    log:
        "<logs>/score_model/{model}.log",
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(400),
        runtime=minutes(2),
    params:
        settings=settings({"seed": SEED}),
        script=untracked(SCRIPTS / "score_model.py"),
        code=fingerprint("score_model"),
    shell:
        "python {params.script:q} --predictions {input.predictions} --dataset {input.dataset} "
        "--metrics {output.metrics} --settings {params.settings:q} 2> {log}"


rule describe_learning:
    input:
        history="<results>/models/{model}/history.csv",
    output:
        learning="<results>/models/{model}/learning.json",
    log:
        "<logs>/describe_learning/{model}.log",
    wildcard_constraints:
        model="|".join(TRAINED) or "none",
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        script=untracked(SCRIPTS / "describe_learning.py"),
        code=fingerprint("describe_learning"),
    shell:
        "python {params.script:q} --history {input.history} " "--learning {output.learning} 2> {log}"


rule compare_models:
    input:
        predictions=expand("<results>/models/{model}/predictions.npz", model=MODELS),
        fits=expand("<results>/models/{model}/fit.json", model=MODELS),
        metrics=expand("<results>/models/{run}/metrics.json", run=RUNS),
        dataset="<results>/data/dataset.json",
    output:
        comparison=report(
            "<results>/comparison.csv",
            caption="../report/comparison.rst",
            category="Comparison",
            labels={"figure": "table"},
        ),
        latex_table="<results>/comparison.tex",
        tests=report(
            "<results>/paired_tests.csv",
            caption="../report/paired_tests_table.rst",
            category="Comparison",
            labels={"figure": "tests of all pairs, table"},
        ),
        agreement="<results>/agreement.json",
    log:
        "<logs>/compare_models.log",
    group:
        "summary"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(400),
        runtime=minutes(2),
    params:
        settings=settings({"models": MODELS, "runs": RUNS, "seed": SEED}),
        script=untracked(SCRIPTS / "compare_models.py"),
        code=fingerprint("compare_models"),
    shell:
        "python {params.script:q} --predictions {input.predictions} --fits {input.fits} "
        "--metrics {input.metrics} --dataset {input.dataset} --comparison {output.comparison} "
        "--latex-table {output.latex_table} --tests {output.tests} --agreement {output.agreement} "
        "--settings {params.settings:q} 2> {log}"
