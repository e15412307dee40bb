# From scores to a comparison across datasets, seeds, splits and training set sizes.


use rule job as evaluate_shifted_test_set with:
    input:
        files=inference_inputs,
    output:
        metrics="<root>/suite/{dataset}/shifted/{test_set}/{model}.json",
    log:
        "<root>/suite/{dataset}/logs/evaluate_shifted_test_set/{test_set}/{model}.log",
    wildcard_constraints:
        dataset=any_of(DATASETS),
        test_set=any_of(TEST_SETS),
    resources:
        **job_resources(mem_mb(1500, images=20), minutes(5, per_gigabyte=60)),
    params:
        **job_params(
            "evaluate_shifted_test_set",
            model=get_model,
            settings=lambda wildcards: (
                {
                    "test_set": test_set_hashes(wildcards.test_set),
                    "severity": TEST_SETS[wildcards.test_set].get("severity"),
                    # The fingerprint of the code that scores the dataset's test images.
                    "scoring_code": code_hash("evaluate_model"),
                    "seed": SEED,
                }
            ),
            code=export_code_hash("evaluate_shifted_test_set"),
            failure_of=get_model,
            origin=lambda wildcards: TEST_SETS[wildcards.test_set],
        ),


use rule job as collect_results with:
    input:
        fits=lambda wildcards: repeat_files(wildcards.dataset, "fit.json"),
        metrics=lambda wildcards: repeat_files(wildcards.dataset, "metrics.json"),
    output:
        runs="<root>/suite/{dataset}/runs.csv",
    log:
        "<root>/suite/{dataset}/logs/collect_results.log",
    wildcard_constraints:
        dataset=any_of(DATASETS),
    group:
        "suite"
    resources:
        mem_mb=400,
        runtime=5,
    params:
        **job_params(
            "collect_results", settings=lambda wildcards: {"runs": repeat_columns(wildcards.dataset)}
        ),


use rule collect_results as fit_learning_curves with:
    input:
        predictions=lambda wildcards: predictions_by_train_size(wildcards.dataset),
    output:
        curves="<root>/suite/{dataset}/curves.json",
    log:
        "<root>/suite/{dataset}/logs/fit_learning_curves.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **job_params(
            "fit_learning_curves",
            settings=lambda wildcards: (
                {
                    "models": EXPERIMENT_OF[wildcards.dataset].fitted_models,
                    "sizes": EXPERIMENTS.train_sizes(wildcards.dataset),
                    "seed": SEED,
                }
            ),
        ),


use rule job as compare_across_datasets with:
    input:
        runs=expand("<root>/suite/{dataset}/runs.csv", dataset=DATASETS),
    output:
        all_runs="<root>/suite/runs.csv",
        ranks="<root>/suite/ranks.csv",
        datasets_tests="<root>/suite/dataset_tests.csv",
        all_variances="<root>/suite/variances.csv",
        all_pairs="<root>/suite/win_probabilities.csv",
    log:
        "<root>/suite/logs/compare_across_datasets.log",
    group:
        "suite"
    resources:
        mem_mb=600,
        runtime=10,
    params:
        **job_params(
            "compare_across_datasets",
            settings={"datasets": list(DATASETS), "models": EXPERIMENTS.models, "seed": SEED},
        ),


use rule compare_across_datasets as plot_suite with:
    input:
        runs="<root>/suite/runs.csv",
        all_variances="<root>/suite/variances.csv",
        curves=expand("<root>/suite/{dataset}/curves.json", dataset=WITH_LEARNING_CURVES),
    output:
        fronts=reported("<root>/suite/figures/pareto.svg", "Across datasets", "accuracy vs. fit time"),
        curves=reported("<root>/suite/figures/learning_curves.svg", "Across datasets", "learning curves"),
        variances=reported(
            "<root>/suite/figures/variances.svg", "Across datasets", "variance across seeds and splits"
        ),
    log:
        "<root>/suite/logs/plot_suite.log",
    resources:
        mem_mb=600,
        runtime=5,
    params:
        **job_params(
            "plot_suite",
            settings={
                "datasets": list(DATASETS),
                "models": EXPERIMENTS.models,
                "with_curves": WITH_LEARNING_CURVES,
                "style": config["figures"]["text"] | config["figures"]["cost"],
            },
        ),


use rule plot_suite as write_suite_report with:
    input:
        runs="<root>/suite/runs.csv",
        ranks="<root>/suite/ranks.csv",
        datasets_tests="<root>/suite/dataset_tests.csv",
        all_variances="<root>/suite/variances.csv",
        all_pairs="<root>/suite/win_probabilities.csv",
        curves=expand("<root>/suite/{dataset}/curves.json", dataset=WITH_LEARNING_CURVES),
        figures=[f"<root>/suite/{name}" for name in SUITE_FIGURES],
    output:
        page=reported("<root>/suite/report.html", "Across datasets", "report", caption="suite_report"),
        checks="<root>/suite/checks.json",
    log:
        "<root>/suite/logs/write_suite_report.log",
    params:
        **job_params(
            "write_suite_report",
            settings={
                "datasets": list(DATASETS),
                "models": EXPERIMENTS.models,
                "with_curves": WITH_LEARNING_CURVES,
                "language": config["report"]["language"],
                "suite": EXPERIMENTS.suite,
                "mute": sorted(config.get("mute", [])),
            },
            code=code_hash(
                "write_suite_report",
                "cifarbench/suite/templates/**/*",
                "cifarbench/suite/locale/*",
                "cifarbench/report/templates/**/*",
                "cifarbench/report/locale/*",
            ),
        ),
