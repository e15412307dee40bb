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
    threads: 1
    resources:
        mem_mb=mem_mb(400),
        runtime=minutes(2),
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=settings({"seed": SEED}),
        script=untracked(SCRIPTS / "score_model.py"),
        code=fingerprint("score_model"),
    shell:
        guarded("score_model")
        + "python {params.script:q} --predictions {input.predictions} --fit {input.fit} "
        "--test-images {input.test_images} --dataset {input.dataset} --metrics {output.metrics} "
        "--settings {params.settings:q} --code {params.code} 2> {log}"


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
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
        tries_left=tries_left,
    params:
        guard=GUARD,
        script=untracked(SCRIPTS / "describe_learning.py"),
        code=fingerprint("describe_learning"),
    shell:
        guarded("describe_learning")
        + "python {params.script:q} --history {input.history} --learning {output.learning} 2> {log}"


rule compare_models:
    input:
        predictions=per_model(lambda plan: plan.models, "predictions.npz"),
        fits=per_model(lambda plan: plan.models, "fit.json"),
        metrics=per_model(runs_of, "metrics.json"),
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
        settings=lambda wildcards: compared(plan(wildcards)),
        script=untracked(SCRIPTS / "compare_models.py"),
        code=fingerprint("compare_models"),
    shell:
        "python {params.script:q} --predictions {input.predictions} --fits {input.fits} "
        "--metrics {input.metrics} --dataset {input.dataset} --comparison {output.comparison} "
        "--latex-table {output.latex_table} --tests {output.tests} --agreement {output.agreement} "
        "--settings {params.settings:q} 2> {log}"


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
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=lambda wildcards: settings({"models": plan(wildcards).models, "seed": SEED}),
        script=untracked(SCRIPTS / "weigh_faults.py"),
        code=fingerprint("weigh_faults"),
    shell:
        "python {params.script:q} --predictions {input.predictions} --duplicates {input.duplicates} "
        "--labels {input.labels} --dataset {input.dataset} --effects {output.effects} "
        "--settings {params.settings:q} 2> {log}"
