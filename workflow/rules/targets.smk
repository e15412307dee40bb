# What a finished study consists of. Every file is named, and not the report alone: a job that fails after a change
# leaves its output missing, and Snakemake would not miss it while what was made from an older one is there.

DATA = expand(
    "<results>/data/{file}",
    file=[
        "archive.json",
        "dataset.json",
        "train_images.npy",
        "train_labels.npy",
        "test_images.npy",
        "test_labels.npy",
    ],
)

TRAINED = [run for model in NETWORKS for run in runs_of(model)]

COMPONENTS = sorted({path for model in NEIGHBORS for path in components_of(model)})
MOMENTS = ["<results>/moments/all.npz"] if COMPONENTS else []

GRID_FILES = [
    path
    for model in GRIDS
    for path in [
        f"<results>/folds/{entry_of(model)['folds']}.npy",
        *expand("<results>/moments/{part}.npz", part=parts_of(model)),
        *expand("<results>/pca/{scaling}_{part}.npz", scaling=scaling_of(model), part=parts_of(model)),
        *expand(
            f"<results>/models/{model}/cells/{{part}}/components_{{n_components}}.json",
            n_components=entry_of(model)["n_components"],
            part=parts_of(model),
        ),
        *expand(f"<results>/models/{model}/{{file}}", file=["best_pair.json", "cv_results.csv"]),
    ]
]

NETWORK_FILES = expand(
    "<results>/models/{run}/{file}", run=TRAINED, file=["network.pt", "history.csv", "learning.json"]
)

RUN_FILES = expand(
    "<results>/models/{run}/{file}", run=RUNS, file=["predictions.npz", "fit.json", "metrics.json"]
)

FIGURES = [
    *expand(
        "<results>/figures/{figure}",
        figure=["accuracy.svg", "paired_tests.svg", "cost.svg", "always_wrong.png", "only_one_right.png"],
    ),
    *expand(
        "<results>/figures/{model}/{figure}",
        model=MODELS,
        figure=["confusion_matrix.svg", "confused_pairs.png", "reliability.svg", "predictions.png"],
    ),
    *expand("<results>/figures/{model}/training.svg", model=NETWORKS),
    *expand("<results>/figures/{model}/grid_scores.svg", model=GRIDS),
]

SUMMARY = expand(
    "<results>/{file}",
    file=[
        "comparison.csv",
        "comparison.tex",
        "paired_tests.csv",
        "agreement.json",
        "report.html",
        "report.md",
    ],
)

WHOLE_STUDY = [
    *DATA,
    *MOMENTS,
    *COMPONENTS,
    *GRID_FILES,
    *NETWORK_FILES,
    *RUN_FILES,
    *FIGURES,
    *SUMMARY,
]
