# From predictions to metrics, to the comparison of all models, and to pictures of both. No model family is known here.


# ---- Metrics ----


rule score_model:
    input:
        predictions="<results>/models/{model}/predictions.npz",
        dataset="<results>/data/dataset.json",
    output:
        metrics="<results>/models/{model}/metrics.json",
    log:
        "<logs>/score_model/{model}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(400),
        runtime=minutes(2),
    params:
        settings=settings({"seed": SEED}),
        code=fingerprint("score_model"),
    shell:
        "python {SCRIPTS:q}/score_model.py --predictions {input.predictions} --dataset {input.dataset} "
        "--metrics {output.metrics} --settings {params.settings:q} 2> {log}"


rule describe_learning:
    input:
        history="<results>/models/{model}/history.csv",
    output:
        learning="<results>/models/{model}/learning.json",
    log:
        "<logs>/describe_learning/{model}.log",
    wildcard_constraints:
        model="|".join(run for model in NETWORKS for run in runs_of(model)) or "none",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        code=fingerprint("describe_learning"),
    shell:
        "python {SCRIPTS:q}/describe_learning.py --history {input.history} "
        "--learning {output.learning} 2> {log}"


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
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(400),
        runtime=minutes(2),
    params:
        settings=settings({"models": MODELS, "runs": RUNS, "seed": SEED}),
        code=fingerprint("compare_models"),
    shell:
        "python {SCRIPTS:q}/compare_models.py --predictions {input.predictions} --fits {input.fits} "
        "--metrics {input.metrics} --dataset {input.dataset} --comparison {output.comparison} "
        "--latex-table {output.latex_table} --tests {output.tests} --agreement {output.agreement} "
        "--settings {params.settings:q} 2> {log}"


# ---- Figures of one model ----


rule draw_confusion_matrix:
    input:
        metrics="<results>/models/{model}/metrics.json",
    output:
        figure=report(
            "<results>/figures/{model}/confusion_matrix.svg",
            caption="../report/confusion_matrix.rst",
            category="Models",
            subcategory="{model}",
            labels={"figure": "confusion matrix"},
        ),
    log:
        "<logs>/draw_confusion_matrix/{model}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=lambda wildcards: settings(
            config["figures"]["text"] | config["figures"]["confusion_matrix"] | {"model": wildcards.model}
        ),
        code=fingerprint("draw_confusion_matrix"),
    shell:
        "python {SCRIPTS:q}/draw_confusion_matrix.py --metrics {input.metrics} "
        "--figure {output.figure} --settings {params.settings:q} 2> {log}"


rule draw_predictions:
    input:
        predictions="<results>/models/{model}/predictions.npz",
        test_images="<results>/data/test_images.npy",
        dataset="<results>/data/dataset.json",
    output:
        figure=report(
            "<results>/figures/{model}/predictions.png",
            caption="../report/predictions.rst",
            category="Models",
            subcategory="{model}",
            labels={"figure": "random test images"},
        ),
    log:
        "<logs>/draw_predictions/{model}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["predictions"] | {"seed": SEED}),
        code=fingerprint("draw_predictions"),
    shell:
        "python {SCRIPTS:q}/draw_predictions.py --predictions {input.predictions} "
        "--test-images {input.test_images} --dataset {input.dataset} --figure {output.figure} "
        "--settings {params.settings:q} 2> {log}"


rule draw_confused_pairs:
    input:
        metrics="<results>/models/{model}/metrics.json",
        test_images="<results>/data/test_images.npy",
        dataset="<results>/data/dataset.json",
    output:
        figure=report(
            "<results>/figures/{model}/confused_pairs.png",
            caption="../report/confused_pairs.rst",
            category="Models",
            subcategory="{model}",
            labels={"figure": "most confused classes"},
        ),
    log:
        "<logs>/draw_confused_pairs/{model}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["confused_pairs"]),
        code=fingerprint("draw_confused_pairs"),
    shell:
        "python {SCRIPTS:q}/draw_confused_pairs.py --metrics {input.metrics} "
        "--test-images {input.test_images} --dataset {input.dataset} --figure {output.figure} "
        "--settings {params.settings:q} 2> {log}"


rule draw_reliability:
    input:
        metrics="<results>/models/{model}/metrics.json",
    output:
        figure=report(
            "<results>/figures/{model}/reliability.svg",
            caption="../report/reliability.rst",
            category="Models",
            subcategory="{model}",
            labels={"figure": "reliability"},
        ),
    log:
        "<logs>/draw_reliability/{model}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=lambda wildcards: settings(
            config["figures"]["text"] | config["figures"]["reliability"] | {"model": wildcards.model}
        ),
        code=fingerprint("draw_reliability"),
    shell:
        "python {SCRIPTS:q}/draw_reliability.py --metrics {input.metrics} --figure {output.figure} "
        "--settings {params.settings:q} 2> {log}"


rule draw_training:
    input:
        history="<results>/models/{model}/history.csv",
        learning="<results>/models/{model}/learning.json",
    output:
        figure=report(
            "<results>/figures/{model}/training.svg",
            caption="../report/training.rst",
            category="Models",
            subcategory="{model}",
            labels={"figure": "training curves"},
        ),
    log:
        "<logs>/draw_training/{model}.log",
    wildcard_constraints:
        model="|".join(run for model in NETWORKS for run in runs_of(model)) or "none",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=lambda wildcards: settings(
            config["figures"]["text"] | config["figures"]["training"] | {"model": wildcards.model}
        ),
        code=fingerprint("draw_training"),
    shell:
        "python {SCRIPTS:q}/draw_training.py --history {input.history} --learning {input.learning} "
        "--figure {output.figure} --settings {params.settings:q} 2> {log}"


rule draw_grid:
    input:
        results="<results>/models/{model}/cv_results.csv",
    output:
        figure=report(
            "<results>/figures/{model}/grid_scores.svg",
            caption="../report/grid_scores.rst",
            category="Models",
            subcategory="{model}",
            labels={"figure": "grid search"},
        ),
    log:
        "<logs>/draw_grid/{model}.log",
    wildcard_constraints:
        model="|".join(GRIDS) or "none",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=lambda wildcards: settings(
            config["figures"]["text"] | config["figures"]["grid_scores"] | {"model": wildcards.model}
        ),
        code=fingerprint("draw_grid"),
    shell:
        "python {SCRIPTS:q}/draw_grid.py --results {input.results} --figure {output.figure} "
        "--settings {params.settings:q} 2> {log}"


# ---- Figures of all models ----


rule draw_accuracy:
    input:
        comparison="<results>/comparison.csv",
    output:
        figure=report(
            "<results>/figures/accuracy.svg",
            caption="../report/accuracy.rst",
            category="Comparison",
            labels={"figure": "accuracy"},
        ),
    log:
        "<logs>/draw_accuracy.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["accuracy"]),
        code=fingerprint("draw_accuracy"),
    shell:
        "python {SCRIPTS:q}/draw_accuracy.py --comparison {input.comparison} --figure {output.figure} "
        "--settings {params.settings:q} 2> {log}"


rule draw_paired_tests:
    input:
        comparison="<results>/comparison.csv",
        tests="<results>/paired_tests.csv",
    output:
        figure=report(
            "<results>/figures/paired_tests.svg",
            caption="../report/paired_tests.rst",
            category="Comparison",
            labels={"figure": "tests of all pairs"},
        ),
    log:
        "<logs>/draw_paired_tests.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["paired_tests"]),
        code=fingerprint("draw_paired_tests"),
    shell:
        "python {SCRIPTS:q}/draw_paired_tests.py --comparison {input.comparison} --tests {input.tests} "
        "--figure {output.figure} --settings {params.settings:q} 2> {log}"


rule draw_cost:
    input:
        comparison="<results>/comparison.csv",
    output:
        figure=report(
            "<results>/figures/cost.svg",
            caption="../report/cost.rst",
            category="Comparison",
            labels={"figure": "accuracy against cost"},
        ),
    log:
        "<logs>/draw_cost.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["cost"]),
        code=fingerprint("draw_cost"),
    shell:
        "python {SCRIPTS:q}/draw_cost.py --comparison {input.comparison} --figure {output.figure} "
        "--settings {params.settings:q} 2> {log}"


rule draw_agreement:
    input:
        agreement="<results>/agreement.json",
        test_images="<results>/data/test_images.npy",
        dataset="<results>/data/dataset.json",
    output:
        always_wrong=report(
            "<results>/figures/always_wrong.png",
            caption="../report/always_wrong.rst",
            category="Comparison",
            labels={"figure": "images that every model gets wrong"},
        ),
        only_one_right=report(
            "<results>/figures/only_one_right.png",
            caption="../report/only_one_right.rst",
            category="Comparison",
            labels={"figure": "images that one model alone gets right"},
        ),
    log:
        "<logs>/draw_agreement.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["agreement"] | {"seed": SEED}),
        code=fingerprint("draw_agreement"),
    shell:
        "python {SCRIPTS:q}/draw_agreement.py --agreement {input.agreement} "
        "--test-images {input.test_images} --dataset {input.dataset} "
        "--always-wrong {output.always_wrong} --only-one-right {output.only_one_right} "
        "--settings {params.settings:q} 2> {log}"
