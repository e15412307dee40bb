"""Models of two datasets and two sizes of each on a real Slurm: what they give at home."""

from pathlib import Path

from study import PAGE, Study, differences

# Others hold times and paths.
SAME = [
    "*/models/**/predictions.npz",
    "across/ranks.csv",
    "across/*/*.json",
]


def results(study: Study) -> dict[str, bytes]:
    return study.results(Path("results"), SAME)


def test_two_datasets_and_two_sizes_on_slurm_are_those_at_home(slurm, away):
    away["across"].finish()
    study = away["across"].study
    expected = results(away["across at home"].study)
    # Of each dataset: two models, on all training images and on some.
    assert len([name for name in expected if name.endswith("predictions.npz")]) == 2 * 2 * 2
    assert differences(expected, results(study)) == []
    assert (study.folder / PAGE).is_file()
    jobs = slurm.jobs(study.folder)
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    named = {job["Comment"] for job in jobs}
    assert any("other" in name for name in named)
    assert any("first_20" in name for name in named)
