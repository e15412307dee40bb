"""The tiny experiment on a real Slurm with the shipped profile, compared with Slurm's records."""

from pathlib import Path

from helpers.study import NETWORKS, PAGE, PARTITIONS, SLURM, comment, differences, job_name, read_jobs

AUDIT = ["find_duplicates", "find_label_issues", "find_image_issues", "find_shortcuts"]
HEAVY = ["load_dataset", "predict_knn", "train_network", *AUDIT]


def test_results_on_slurm_equal_local_results(slurm, away, study, expected):
    planned = read_jobs(study.run(*SLURM, *PARTITIONS, "--dry-run"))
    away["profile"].finish()
    jobs = slurm.jobs(away["profile"].study.folder)

    assert differences(expected, away["profile"].study.outputs()) == []
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    assert len(jobs) <= 25

    # Every job of a heavy rule is submitted alone; short jobs are grouped.
    own = {
        f"rule_{job.rule}_wildcards_{job_name(job.wildcards)}": job for job in planned if job.rule in HEAVY
    }
    records = {job["Comment"]: job for job in jobs}
    assert len(records) == len(jobs)
    assert set(own) < set(records)
    shared = {name for name in records if name not in own}
    assert {name.split("_")[1] for name in shared} == {"features", "tuned", "cv", "evaluation", "summary"}

    # Memory, time and CPUs are those that the rules request.
    for name, job in own.items():
        record = records[name]
        assert record["NumCPUs"] == str(job.threads)
        assert record["MinMemoryNode"] == f"{job.resources['mem_mb']}M"
        assert record["TimeLimit"] == f"00:{int(job.resources['runtime']):02}:00"
    assert all(1 <= int(records[name]["NumCPUs"]) <= 4 for name in shared)

    # Only trainings have a GPU, one each, and run in the partition with GPUs.
    training = {comment(network) for network in NETWORKS}
    for name, record in records.items():
        is_training = name in training
        assert record["Partition"] == ("gpu" if is_training else "cpu")
        assert record.get("TresPerJob") == ("gres:gpu:1" if is_training else None)
        devices = slurm.devices.get(record["JobId"], "")
        assert devices.startswith("gpu:1(IDX:") == is_training


def test_suite_results_on_slurm_equal_local_results(slurm, away):
    away["suite"].finish()
    study = away["suite"].study
    files = ["*/models/**/predictions.npz", "suite/ranks.csv", "suite/*/*.json"]
    expected, found = (one.outputs(Path("results"), files) for one in (away["across at home"].study, study))
    # Per dataset: two models, on all training images and on a subset.
    assert len([name for name in expected if name.endswith("predictions.npz")]) == 2 * 2 * 2
    assert differences(expected, found) == []
    assert (study.folder / PAGE).is_file()
    jobs = slurm.jobs(study.folder)
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    named = {job["Comment"] for job in jobs}
    assert any("other" in name for name in named)
    assert any("train_20" in name for name in named)
