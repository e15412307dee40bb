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
    resources:
        mem_mb=mem_mb(1500, images=20),
        runtime=minutes(5, per_gigabyte=60),
        tries_left=tries_left,
    params:
        **job_params(
            "ask_elsewhere",
            model=of_model,
            settings=lambda wildcards: (
                {
                    "test_set": what_is(wildcards.test_set),
                    "severity": severity_of(wildcards.test_set),
                    "seed": SEED,
                }
            ),
            code=export_code("ask_elsewhere"),
            failure_of=of_model,
            # The same that scores the dataset's own test images.
            scored_by=fingerprint("score_model"),
            origin=lambda wildcards: TEST_SETS[wildcards.test_set],
        ),
    shell:
        RUN_JOB


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
    resources:
        mem_mb=400,
        runtime=5,
    params:
        **job_params(
            "collect_runs", settings=lambda wildcards: {"runs": coordinates_of_repeats(wildcards.study)}
        ),
    shell:
        RUN_JOB


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
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **job_params(
            "describe_curves",
            settings=lambda wildcards: (
                {
                    "models": PLANS[wildcards.study].models,
                    "sizes": EXPERIMENTS.sizes(wildcards.study),
                    "seed": SEED,
                }
            ),
        ),
    shell:
        RUN_JOB


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
    resources:
        mem_mb=600,
        runtime=10,
    params:
        **job_params(
            "compare_datasets",
            settings={"datasets": list(DATASETS), "models": EXPERIMENTS.models, "seed": SEED},
        ),
    shell:
        RUN_JOB


rule draw_across:
    input:
        runs="results/across/runs.csv",
        all_variances="results/across/variances.csv",
        curves=expand("results/across/{study}/curves.json", study=WITH_CURVES),
    output:
        fronts=reported(
            "results/across/figures/fronts.svg", "Across datasets", "accuracy against fitting time"
        ),
        curves=reported(
            "results/across/figures/curves.svg", "Across datasets", "accuracy against training images"
        ),
        variances=reported("results/across/figures/variances.svg", "Across datasets", "what luck does"),
    log:
        "results/across/logs/draw_across.log",
    group:
        "across"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=600,
        runtime=5,
    params:
        **job_params(
            "draw_across",
            settings={
                "datasets": list(DATASETS),
                "models": EXPERIMENTS.models,
                "with_curves": WITH_CURVES,
                "style": config["figures"]["text"] | config["figures"]["cost"],
            },
        ),
    shell:
        RUN_JOB


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
        page=reported("results/across/report.html", "Across datasets", "report", caption="across_page"),
    log:
        "results/across/logs/write_across.log",
    group:
        "across"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=600,
        runtime=5,
    params:
        **job_params(
            "write_across",
            settings={
                "datasets": list(DATASETS),
                "models": EXPERIMENTS.models,
                "with_curves": WITH_CURVES,
                "language": config["report"]["language"],
                "across": EXPERIMENTS.across,
            },
            code=fingerprint(
                "write_across",
                "cifarbench/across/templates/**/*",
                "cifarbench/across/locale/*",
                "cifarbench/report/templates/**/*",
                "cifarbench/report/locale/*",
            ),
        ),
    shell:
        RUN_JOB
