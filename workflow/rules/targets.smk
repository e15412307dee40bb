# What a finished study consists of. Every file is named, and not the report alone: a job that fails after a change
# leaves its output missing, and Snakemake would not miss it while what was made from an older one is there.


def figures(plan):
    """The pictures of a dataset's study."""
    of_a_model = ("confusion_matrix.svg", "confused_pairs.png", "reliability.svg", "predictions.png")
    return [
        f"<results>/figures/{figure}"
        for figure in [
            *("accuracy.svg", "paired_tests.svg", "cost.svg", "fit_time.svg"),
            *("always_wrong.png", "only_one_right.png", "rivals.png"),
            *(f"{model}/{figure}" for model in plan.models for figure in of_a_model),
            *(f"{model}/training.svg" for model in learners(plan)),
            *(f"{model}/grid_scores.svg" for model in tuned(plan)),
            *(f"{model}/filters.png" for model in lookers(plan)),
            *(["robustness.svg"] if CORRUPTED else []),
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


# What of worse images is asked for; nothing unless the configuration has it.
ASKED = config.get("robustness")
TEMPERED = bool(ASKED and ASKED.get("temperature"))
CORRUPTED = EXPERIMENTS.corruptions

# What is found about the images themselves, before any model; and in the end, what it does to the comparison.
AUDITED = [
    f"<results>/audit/{file}"
    for file in (
        *("duplicates.csv", "duplicates.json", "labels.csv", "labels.json"),
        *("images.csv", "classes.json", "means.npy"),
    )
]
AUDIT = [*AUDITED, "<results>/audit/effects.json", "<results>/audit.html"] if config["audit"] else []


def robustness_files(plan):
    """What models are worth on corrupted images, and their temperatures, if the configuration asks for it."""
    asked = [*(["robustness"] if CORRUPTED else []), *(["temperature"] if TEMPERED else [])]
    return [f"<results>/models/{model}/{name}.json" for model in plan.models for name in asked]


def held_in(wildcards):
    """How many training images a model is fitted to, if its temperature is found on the others."""
    return plan(wildcards).dataset["n_train"] * 4 // 5


def files_of_part(wildcards, size):
    """What the predictor of a model reads that was fitted to the first training images, and what it is asked about."""
    found, part = plan(wildcards), f"first_{size}"
    name = found.features_of(wildcards.model)
    chain = found.chain(name)
    return [
        *(f"<results>/data/{file}" for file in ("dataset.json", "train_images.npy", "train_labels.npy")),
        *files(wildcards).trained(Run(wildcards.model, size=size_of(size))),
        *(path for one in chain for path in files(wildcards).fitted(one, found.part_of(one.name, part))),
        files(wildcards).features(name, part, "train"),
        *division_files(part),
    ]


def study_files(dataset):
    """All files of a dataset's study, in the order in which they are made."""
    plan, layout = PLANS[dataset], LAYOUTS[dataset]
    found = [
        *(f"<results>/data/{file}" for file in DATA),
        *AUDIT,
        *(path for model in plan.models for path in layout.featured(model)),
        *(path for model in plan.models for path in layout.tuned(model)),
        *(path for run in plan.runs() for path in layout.trained(run)),
        *robustness_files(plan),
        *figures(plan),
        *(f"<results>/{file}" for file in SUMMARY),
    ]
    return [path.replace("<results>", f"results/{dataset}") for path in found]


def further_files(dataset):
    """What is kept of a dataset's runs beyond its study: with other seeds, splits and sizes."""
    return [
        path for name in ("predictions.npz", "fit.json", "metrics.json") for path in of_repeats(dataset, name)
    ]


# Of the comparison across datasets.
ACROSS_FILES = [
    *("runs.csv", "ranks.csv", "tests.csv", "variances.csv", "pairs.csv"),
    *(f"{dataset}/runs.csv" for dataset in PLANS),
    *(f"{dataset}/curves.json" for dataset in WITH_CURVES),
]
ACROSS_FIGURES = ["figures/fronts.svg", "figures/curves.svg", "figures/variances.svg"]
ACROSS_PAGE = "results/across/report.html"

WHOLE_STUDY = list(
    dict.fromkeys(
        [
            *(path for dataset in PLANS for path in study_files(dataset)),
            *(path for dataset in PLANS for path in further_files(dataset)),
            *(f"results/across/{name}" for name in ACROSS_FILES + ACROSS_FIGURES if EXPERIMENTS.across),
            *([ACROSS_PAGE] if EXPERIMENTS.across else []),
        ]
    )
)

# A run that was cut off may have left records of models that failed: they are tried again.
if workflow.is_main_process and not any(LOCKS.glob("*.lock")):
    object_storage.take_away_failures(STORAGE, WHOLE_STUDY)
