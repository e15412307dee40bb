# What a finished study consists of. Every file is named, and not the report alone: a job that fails after a change
# leaves its output missing, and Snakemake would not miss it while what was made from an older one is there.

# Runs of models, as they stand in paths; models with a learning curve; with a grid; that look for something in images.
RUNS = [run.path for run in PLAN.runs()]
LEARNERS = PLAN.models_where(lambda model: PLAN.family(model).has_epochs)
TUNED = PLAN.models_where(PLAN.folds)
LOOKERS = PLAN.models_where(FILES.with_filters)

FIGURES = [
    f"<results>/figures/{figure}"
    for figure in [
        *("accuracy.svg", "paired_tests.svg", "cost.svg", "fit_time.svg"),
        *("always_wrong.png", "only_one_right.png", "rivals.png"),
        *(
            f"{model}/{figure}"
            for model in PLAN.models
            for figure in ("confusion_matrix.svg", "confused_pairs.png", "reliability.svg", "predictions.png")
        ),
        *(f"{model}/training.svg" for model in LEARNERS),
        *(f"{model}/grid_scores.svg" for model in TUNED),
        *(f"{model}/filters.png" for model in LOOKERS),
    ]
]

DATA = [
    "archive.json",
    "dataset.json",
    *(f"{s}_{a}.npy" for s in ("train", "test") for a in ("images", "labels")),
]
SUMMARY = [
    "comparison.csv",
    "comparison.tex",
    "paired_tests.csv",
    "agreement.json",
    "report.html",
    "report.md",
]

FILES_OF_A_DATASET = [
    *(f"<results>/data/{file}" for file in DATA),
    *(path for model in PLAN.models for path in FILES.featured(model)),
    *(path for model in PLAN.models for path in FILES.tuned(model)),
    *(path for run in PLAN.runs() for path in FILES.trained(run)),
    *FIGURES,
    *(f"<results>/{file}" for file in SUMMARY),
]
WHOLE_STUDY = [
    path.replace("<results>", f"results/{dataset}")
    for dataset in DATASETS
    for path in dict.fromkeys(FILES_OF_A_DATASET)
]

# A run that was cut off may have left records of models that failed: they are tried again.
if workflow.is_main_process and not any(LOCKS.glob("*.lock")):
    failures.take_away(map(Path, WHOLE_STUDY))
