"""A search for neighbours that several jobs of a real Slurm share."""


def test_four_jobs_find_what_one_finds(slurm, away, expected):
    """In a copy of the finished run at home, in which the search alone has to be done again."""
    away["shards"].finish()
    study = away["shards"].study
    jobs = slurm.jobs(study.folder)
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    searches = [job["Comment"] for job in jobs if job["Comment"].startswith("rule_search_neighbors")]
    assert len(set(searches)) == len(searches) == 4
    assert len(jobs) == 5
    place = "models/knn_grid/predictions.npz"
    assert study.results()[place] == expected[place]
