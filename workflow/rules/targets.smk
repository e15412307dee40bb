# All files of a finished experiment. The target names every file and not only the report: if a job fails after a
# change, its output is missing, which Snakemake would ignore as long as the older report exists.


def figure_files(plan):
    """Return the figures of an experiment."""
    of_a_model = (
        *("confusion_matrix.svg", "confused_pairs.png", "reliability.svg", "roc_pr.svg"),
        "predictions.png",
    )
    return [
        f"<results>/figures/{figure}"
        for figure in [
            *("accuracy.svg", "pairwise_differences.svg", "accuracy_vs_cost.svg", "accuracy_vs_fit_time.svg"),
            *("misclassified_by_all.png", "correct_by_one.png", "family_disagreements.png"),
            *(f"{model}/{figure}" for model in plan.models for figure in of_a_model),
            *(f"{model}/training.svg" for model in models_with_epochs(plan)),
            *(f"{model}/grid_search.svg" for model in tuned_models(plan)),
            *(f"{model}/filters.png" for model in models_with_filters(plan)),
            *(["robustness.svg"] if CORRUPTION_CONFIG else []),
        ]
    ]


SUMMARY = [
    "comparison.csv",
    "comparison.tex",
    "paired_tests.csv",
    "model_agreement.json",
    "verdict.json",
    "checks.json",
    "report.html",
    "report.md",
    "explorer.html",
]
# None if the explorer has no map.
EMBEDDING = (
    [f"<results>/explorer/embedding.{suffix}" for suffix in ("npz", "json")]
    if config.get("explorer", {}).get("map", True)
    else []
)


# None without this section in the configuration.
ROBUSTNESS_CONFIG = config.get("robustness")
WITH_TEMPERATURE = bool(ROBUSTNESS_CONFIG and ROBUSTNESS_CONFIG.get("temperature_scaling"))
CORRUPTION_CONFIG = EXPERIMENTS.corruptions

# Results of the data audit, then its impact on the comparison.
AUDIT_OUTPUTS = [
    f"<results>/audit/{file}"
    for file in (
        *("duplicates.csv", "duplicates.json", "label_issues.csv", "label_issues.json"),
        *("image_issues.csv", "class_counts.json", "class_means.npy", "shortcuts.json"),
    )
]
AUDIT_FILES = (
    [*AUDIT_OUTPUTS, "<results>/audit/issue_impact.json", "<results>/audit.html"] if config["audit"] else []
)


def robustness_files(plan):
    """Return the files of scores on corrupted images and of temperatures that the configuration enables."""
    names = [*["robustness"] * bool(CORRUPTION_CONFIG), *["temperature"] * WITH_TEMPERATURE]
    return [f"<results>/models/{model}/{name}.json" for model in plan.fitted_models for name in names]


def calibration_size(wildcards):
    """Return the number of training images of the fit whose temperature is fitted to the other images."""
    return calibration_train_size(get_experiment(wildcards).n_train)


def calibration_inputs(wildcards):
    """Return the files of the model that is fitted to these images, and of the images for its calibration."""
    size = calibration_size(wildcards)
    return [
        *(f"<results>/data/{file}" for file in ("dataset.json", "train_images.npy", "train_labels.npy")),
        *get_paths(wildcards).model_files(RunId(wildcards.model, size=size_suffix(size))),
        *get_paths(wildcards).inference_files(wildcards.model, f"train_{size}"),
        *split_files(f"train_{size}"),
    ]


def experiment_files(dataset):
    """Return all files of a dataset's experiment, in the order of the stages."""
    plan, layout = EXPERIMENT_OF[dataset], PATHS_OF[dataset]
    files = [
        "<results>/data/source.json",
        *dataset_files("<results>/data").values(),
        *AUDIT_FILES,
        *(path for model in plan.models for path in layout.feature_files(model)),
        *(path for model in plan.models for path in layout.grid_search_files(model)),
        *(path for run in plan.runs() for path in layout.model_files(run)),
        *robustness_files(plan),
        *figure_files(plan),
        *(f"<results>/{file}" for file in SUMMARY),
    ]
    return [path.replace("<results>", f"{ROOT}/{dataset}") for path in files]


# Files of the comparison across datasets.
SUITE_FILES = [
    *("runs.csv", "ranks.csv", "dataset_tests.csv", "variances.csv", "win_probabilities.csv", "checks.json"),
    *(f"{dataset}/runs.csv" for dataset in EXPERIMENT_OF),
    *(f"{dataset}/curves.json" for dataset in WITH_LEARNING_CURVES),
]
SUITE_FIGURES = ["figures/pareto.svg", "figures/learning_curves.svg", "figures/variances.svg"]
SUITE_PAGE = f"{ROOT}/suite/report.html"

ALL_OUTPUTS = list(
    dict.fromkeys(
        [
            *(path for dataset in EXPERIMENT_OF for path in experiment_files(dataset)),
            *(
                path
                for dataset in EXPERIMENT_OF
                for name in ("predictions.npz", "fit.json", "metrics.json")
                for path in repeat_files(dataset, name)
            ),
            *(f"{ROOT}/suite/{name}" for name in SUITE_FILES + SUITE_FIGURES if EXPERIMENTS.suite),
            *([SUITE_PAGE] if EXPERIMENTS.suite else []),
        ]
    )
)

# Repeat models whose failures an interrupted run has recorded.
if workflow.is_main_process and not any(LOCKS.glob("*.lock")):
    object_storage.clear_failures(STORAGE, ALL_OUTPUTS)
