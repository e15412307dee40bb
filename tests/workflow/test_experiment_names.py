"""Experiments of different names in one folder: each has its own results, and equal results are computed once."""

import re

from helpers.experiments import contents, run_named

# The models and the suite of config/suite.yaml in small. `mlp` differs from that of the finished run.
SUITE = {
    "compare": ["knn_raw", "knn_pca", "mlp"],
    "models": {"mlp": {"epochs": 2}},
    "suite": {"datasets": ["tiny"], "train_sizes": [20]},
}


def copied_jobs(project, name: str) -> set[str]:
    """Return the logs of the jobs that copied their outputs."""
    logs = project.folder / "results" / name / "tiny/logs"
    return {
        path.relative_to(logs).with_suffix("").as_posix()
        for path in logs.rglob("*.log")
        if "Copied from results/tiny" in path.read_text()
    }


def test_a_named_suite_keeps_other_results_and_copies_equal_ones(project):
    before = contents(project, "results/tiny")
    answer = run_named(project, "small_suite", SUITE)
    assert "another configuration" not in answer.text
    assert contents(project, "results/tiny") == before
    named = project.folder / "results/small_suite"
    assert (named / "suite/report.html").is_file()
    assert len((named / "tiny/comparison.csv").read_text().splitlines()) == 4

    copied = copied_jobs(project, "small_suite")
    shared = {
        "load_dataset",
        "find_duplicates",
        "fit_features/pca/all",
        "predict_knn/knn_raw",
        "predict_knn/knn_pca",
    }
    assert shared <= copied
    assert not {path for path in copied if "mlp" in path or path in ("compare_models", "write_report")}
    for file in ("models/knn_pca/fit.json", "features/pca/all/train.npy", "audit/duplicates.csv"):
        assert (named / "tiny" / file).read_bytes() == before[file]

    # Both experiments are up to date, and a change of one does not affect the other.
    assert project.would_run() == set()
    suite = contents(project, "results/small_suite")
    project.configure(lambda settings: settings["models"]["mlp"].update(epochs=4))
    text = project.run().text
    assert contents(project, "results/small_suite") == suite
    assert contents(project, "results/tiny")["report.html"] != before["report.html"]

    # The run announces once, at its start, that it replaces finished results of another configuration.
    announced = [line for line in text.splitlines() if "of another configuration" in line]
    assert len(announced) == 1
    assert re.search(
        r"results/tiny holds the finished run \w{8} .*models\.mlp\.epochs.*set name:", announced[0]
    )
    assert text.index(announced[0]) < text.index("started train_network mlp")

    listed = project.cifarbench("runs").text
    assert "results/tiny\n" in listed and "results/small_suite/tiny\n" in listed
    ids = re.findall(r"UTC|\b[0-9a-f]{8}\b", listed)
    compared = project.cifarbench("diff", "--old", ids[-1], "--new", ids[1]).text
    assert "from results/" in compared and "name" in compared


def test_the_name_of_a_dataset_is_refused(fresh):
    answer = fresh.run("--dry-run", "--config", "name=tiny")
    assert answer.code == 1
    assert "Error: name is tiny, which names a dataset" in answer.text
