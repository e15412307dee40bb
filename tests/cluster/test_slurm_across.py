"""Two datasets and two sizes of each on a real Slurm: what they give at home."""

from pathlib import Path

from batches import make_batches, write_archive
from study import CONFIGURATION, NETWORK, SLURM, Study, differences

CHANGES = {
    "compare": ["knn_raw", NETWORK],
    "seeds": [0],
    "models": {NETWORK: {"epochs": 20}},
    "datasets": {"other": CONFIGURATION["datasets"]["tiny"] | {"archive": "other.tar.gz"}},
    "across": {"datasets": ["tiny", "other"], "sizes": [20, 40]},
}
# Each job waits for Slurm's answers, so that the datasets' own pages would take minutes.
PAGE = "results/across/report.html"
# Others hold times and paths.
SAME = [
    "*/models/**/predictions.npz",
    "across/ranks.csv",
    "across/*/*.json",
]


def made(folder: Path) -> Study:
    study = Study(folder, CHANGES)
    write_archive(folder / "other.tar.gz", make_batches(seed=1))
    return study


def results(study: Study) -> dict[str, bytes]:
    root = study.folder / "results"
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for pattern in SAME
        for path in sorted(root.glob(pattern))
    }


def test_two_datasets_and_two_sizes_on_slurm_are_those_at_home(slurm, tmp_path):
    home, away = made(tmp_path / "home"), made(tmp_path / "away")
    home.run("--cores", "2", "--", PAGE)
    before = len(slurm.jobs())
    away.run(*SLURM, "--default-resources", "slurm_partition=cpu", "--", PAGE)
    expected = results(home)
    # Of each dataset: two models, on all training images and at two sizes.
    assert len([name for name in expected if name.endswith("predictions.npz")]) == 2 * 2 * 3
    assert differences(expected, results(away)) == []
    assert (away.folder / PAGE).is_file()
    jobs = slurm.jobs()[before:]
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    named = {job["Comment"] for job in jobs}
    assert any("other" in name for name in named)
    assert any("first_20" in name for name in named)
