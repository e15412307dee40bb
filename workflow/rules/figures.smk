# Pictures of metrics and of the comparison. Each depends on its own section of `figures` in the configuration.


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
    group:
        "evaluation"
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
        script=untracked(SCRIPTS / "draw_confusion_matrix.py"),
        code=fingerprint("draw_confusion_matrix"),
    shell:
        "python {params.script:q} --metrics {input.metrics} "
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
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["predictions"] | {"seed": SEED}),
        script=untracked(SCRIPTS / "draw_predictions.py"),
        code=fingerprint("draw_predictions"),
    shell:
        "python {params.script:q} --predictions {input.predictions} "
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
    group:
        "evaluation"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["confused_pairs"]),
        script=untracked(SCRIPTS / "draw_confused_pairs.py"),
        code=fingerprint("draw_confused_pairs"),
    shell:
        "python {params.script:q} --metrics {input.metrics} "
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
    group:
        "evaluation"
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
        script=untracked(SCRIPTS / "draw_reliability.py"),
        code=fingerprint("draw_reliability"),
    shell:
        "python {params.script:q} --metrics {input.metrics} --figure {output.figure} "
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
        settings=lambda wildcards: settings(
            config["figures"]["text"] | config["figures"]["training"] | {"model": wildcards.model}
        ),
        script=untracked(SCRIPTS / "draw_training.py"),
        code=fingerprint("draw_training"),
    shell:
        "python {params.script:q} --history {input.history} --learning {input.learning} "
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
    group:
        "evaluation"
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
        script=untracked(SCRIPTS / "draw_grid.py"),
        code=fingerprint("draw_grid"),
    shell:
        "python {params.script:q} --results {input.results} --figure {output.figure} "
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
    group:
        "summary"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["accuracy"]),
        script=untracked(SCRIPTS / "draw_accuracy.py"),
        code=fingerprint("draw_accuracy"),
    shell:
        "python {params.script:q} --comparison {input.comparison} --figure {output.figure} "
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
    group:
        "summary"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["paired_tests"]),
        script=untracked(SCRIPTS / "draw_paired_tests.py"),
        code=fingerprint("draw_paired_tests"),
    shell:
        "python {params.script:q} --comparison {input.comparison} --tests {input.tests} "
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
    group:
        "summary"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["cost"]),
        script=untracked(SCRIPTS / "draw_cost.py"),
        code=fingerprint("draw_cost"),
    shell:
        "python {params.script:q} --comparison {input.comparison} --figure {output.figure} "
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
    group:
        "summary"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(2),
    params:
        settings=settings(config["figures"]["text"] | config["figures"]["agreement"] | {"seed": SEED}),
        script=untracked(SCRIPTS / "draw_agreement.py"),
        code=fingerprint("draw_agreement"),
    shell:
        "python {params.script:q} --agreement {input.agreement} "
        "--test-images {input.test_images} --dataset {input.dataset} "
        "--always-wrong {output.always_wrong} --only-one-right {output.only_one_right} "
        "--settings {params.settings:q} 2> {log}"
