# From scores to one comparison over datasets, seeds, splits and sizes.


rule ask_elsewhere:
    input:
        files=stored_files,
    output:
        metrics="results/across/{dataset}/elsewhere/{test_set}/{model}.json",
    log:
        "results/across/{dataset}/logs/ask_elsewhere/{test_set}/{model}.log",
    wildcard_constraints:
        dataset=any_of(DATASETS),
        test_set=any_of(TEST_SETS),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(1500, images=20),
        runtime=minutes(5, per_gigabyte=60),
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=lambda wildcards: settings(
            {
                "test_set": what_is(wildcards.test_set),
                "severity": severity_of(wildcards.test_set),
                "seed": SEED,
            }
        ),
        script=untracked(SCRIPTS / "ask_elsewhere.py"),
        code=export_code("ask_elsewhere"),
        # The same that scores the dataset's own test images.
        scored_by=fingerprint("score_model"),
        origin=lambda wildcards, resources: settings(TEST_SETS[wildcards.test_set]),
    shell:
        guarded("ask_elsewhere")
        + "python {params.script:q} --folder $(dirname $(dirname {input.files[0]:q})) --model {wildcards.model} "
        "--origin {params.origin:q} --metrics {output.metrics} --settings {params.settings:q} "
        "--code {params.scored_by} 2> {log}"


rule collect_runs:
    input:
        fits=lambda wildcards: of_repeats(wildcards.study, "fit.json"),
        metrics=lambda wildcards: of_repeats(wildcards.study, "metrics.json"),
    output:
        runs="results/across/{study}/runs.csv",
    log:
        "results/across/{study}/logs/collect_runs.log",
    wildcard_constraints:
        study=any_of(DATASETS),
    group:
        "across"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=400,
        runtime=5,
    params:
        settings=lambda wildcards: settings({"runs": coordinates_of_repeats(wildcards.study)}),
        script=untracked(SCRIPTS / "collect_runs.py"),
        code=fingerprint("collect_runs"),
    shell:
        "python {params.script:q} --fits {input.fits} --metrics {input.metrics} --runs {output.runs} "
        "--settings - 2> {log} <<< {params.settings:q}"


rule describe_curves:
    input:
        predictions=lambda wildcards: predictions_of_sizes(wildcards.study),
    output:
        curves="results/across/{study}/curves.json",
    log:
        "results/across/{study}/logs/describe_curves.log",
    wildcard_constraints:
        study=any_of(DATASETS),
    group:
        "across"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=lambda wildcards: settings(
            {"models": PLANS[wildcards.study].models, "sizes": sizes_of(wildcards.study), "seed": SEED}
        ),
        script=untracked(SCRIPTS / "describe_curves.py"),
        code=fingerprint("describe_curves"),
    shell:
        "python {params.script:q} --predictions {input.predictions} --curves {output.curves} "
        "--settings {params.settings:q} 2> {log}"


rule compare_datasets:
    input:
        runs=expand("results/across/{study}/runs.csv", study=DATASETS),
    output:
        all_runs="results/across/runs.csv",
        ranks="results/across/ranks.csv",
        datasets_tests="results/across/tests.csv",
        all_variances="results/across/variances.csv",
        all_pairs="results/across/pairs.csv",
    log:
        "results/across/logs/compare_datasets.log",
    group:
        "across"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=600,
        runtime=10,
    params:
        settings=settings({"datasets": list(DATASETS), "models": MODELS_ANYWHERE, "seed": SEED}),
        script=untracked(SCRIPTS / "compare_datasets.py"),
        code=fingerprint("compare_datasets"),
    shell:
        "python {params.script:q} --runs {input.runs} --all-runs {output.all_runs} --ranks {output.ranks} "
        "--datasets-tests {output.datasets_tests} --all-variances {output.all_variances} "
        "--all-pairs {output.all_pairs} --settings {params.settings:q} 2> {log}"


rule draw_across:
    input:
        runs="results/across/runs.csv",
        all_variances="results/across/variances.csv",
        curves=expand("results/across/{study}/curves.json", study=WITH_CURVES),
    output:
        fronts=report(
            "results/across/figures/fronts.svg",
            caption="../report/fronts.rst",
            category="Across datasets",
            labels={"figure": "accuracy against fitting time"},
        ),
        curves=report(
            "results/across/figures/curves.svg",
            caption="../report/curves.rst",
            category="Across datasets",
            labels={"figure": "accuracy against training images"},
        ),
        variances=report(
            "results/across/figures/variances.svg",
            caption="../report/variances.rst",
            category="Across datasets",
            labels={"figure": "what luck does"},
        ),
    log:
        "results/across/logs/draw_across.log",
    group:
        "across"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=600,
        runtime=5,
    params:
        settings=settings(
            {
                "datasets": list(DATASETS),
                "models": MODELS_ANYWHERE,
                "with_curves": WITH_CURVES,
                "style": config["figures"]["text"] | config["figures"]["cost"],
            }
        ),
        script=untracked(SCRIPTS / "draw_across.py"),
        code=fingerprint("draw_across"),
    shell:
        "python {params.script:q} --runs {input.runs} --all-variances {input.all_variances} "
        "--curves {input.curves} --fronts-figure {output.fronts} --curves-figure {output.curves} "
        "--variances-figure {output.variances} --settings {params.settings:q} 2> {log}"


rule write_across:
    input:
        runs="results/across/runs.csv",
        ranks="results/across/ranks.csv",
        datasets_tests="results/across/tests.csv",
        all_variances="results/across/variances.csv",
        all_pairs="results/across/pairs.csv",
        curves=expand("results/across/{study}/curves.json", study=WITH_CURVES),
        figures=[
            "results/across/figures/fronts.svg",
            "results/across/figures/curves.svg",
            "results/across/figures/variances.svg",
        ],
    output:
        page=report(
            "results/across/report.html",
            caption="../report/across_page.rst",
            category="Across datasets",
            labels={"file": "report"},
        ),
    log:
        "results/across/logs/write_across.log",
    group:
        "across"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=600,
        runtime=5,
    params:
        settings=settings(
            {
                "datasets": list(DATASETS),
                "models": MODELS_ANYWHERE,
                "with_curves": WITH_CURVES,
                "language": config["report"]["language"],
                "across": ACROSS,
            }
        ),
        script=untracked(SCRIPTS / "write_across.py"),
        code=fingerprint(
            "write_across",
            "cifarbench/across/templates/**/*",
            "cifarbench/across/locale/*",
            "cifarbench/report/templates/**/*",
            "cifarbench/report/locale/*",
        ),
    shell:
        "python {params.script:q} --runs {input.runs} --ranks {input.ranks} "
        "--datasets-tests {input.datasets_tests} --all-variances {input.all_variances} "
        "--all-pairs {input.all_pairs} --curves {input.curves} --figures {input.figures} "
        "--page {output.page} --settings {params.settings:q} 2> {log}"
