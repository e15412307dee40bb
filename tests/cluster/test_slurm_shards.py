"""A search for neighbours that several jobs of a real Slurm share."""

from pathlib import Path

from study import PARTITIONS, RESULTS, SLURM, Study, predictions_of


def test_four_jobs_find_what_one_finds(slurm, expected: dict[str, bytes], tmp_path: Path) -> None:
    study = Study(tmp_path / "study", {"shards": 4, "compare": ["knn_grid"]})
    before = len(slurm.jobs())
    study.run(*SLURM, *PARTITIONS, "--", *predictions_of("knn_grid"))
    jobs = slurm.jobs()[before:]
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    searches = [job["Comment"] for job in jobs if job["Comment"].startswith("rule_search_neighbors")]
    assert len(set(searches)) == len(searches) == 4
    place = "models/knn_grid/predictions.npz"
    assert (study.folder / RESULTS / place).read_bytes() == expected[place]
