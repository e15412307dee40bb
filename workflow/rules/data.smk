# From an archive to arrays. Where the archive comes from changes nothing after it: only its checksum counts.

# Of its entry, what says where the dataset comes from, and what says what it is.
ORIGIN = settings(
    {
        key: DATASET_ENTRY[key]
        for key in ("archive", "sources", "file", "bytes", "files")
        if key in DATASET_ENTRY
    }
)
CACHE = config.get("cache") or ""
DECLARED = ("kind", "sha256", "n_train", "n_test", "n_classes", "image_shape", "classes", "labels", "resize")


if DATASET_ENTRY["kind"] == "digits":

    rule make_digits_archive:
        output:
            archive="<results>/data/digits-python.tar.gz",
            receipt="<results>/data/archive.json",
        log:
            "<logs>/make_digits_archive.log",
        localrule: True
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=mem_mb(500),
            runtime=minutes(2),
        params:
            script=untracked(SCRIPTS / "make_digits_archive.py"),
            code=fingerprint("make_digits_archive"),
        shell:
            "python {params.script:q} "
            "--archive {output.archive} --archive-receipt {output.receipt} 2> {log}"

else:

    rule fetch_archive:
        output:
            receipt="<results>/data/archive.json",
        log:
            "<logs>/fetch_archive.log",
        # Where jobs are sent to a cluster, its nodes often have no way out.
        localrule: True
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=mem_mb(200),
            runtime=minutes(120),
        params:
            settings=settings({"kind": DATASET_ENTRY["kind"], "sha256": DATASET_ENTRY.get("sha256")}),
            script=untracked(SCRIPTS / "fetch_archive.py"),
            code=fingerprint("fetch_archive"),
            origin=untracked(ORIGIN),
            cache=untracked(CACHE),
        shell:
            # Sources and the cache are no settings: other ones give the same archive.
            "python {params.script:q} --archive-receipt {output.receipt} "
            "--origin {params.origin:q} --cache={params.cache:q} --settings {params.settings:q} 2> {log}"


rule unpack_archive:
    input:
        receipt="<results>/data/archive.json",
    output:
        train_images="<results>/data/train_images.npy",
        train_labels="<results>/data/train_labels.npy",
        test_images="<results>/data/test_images.npy",
        test_labels="<results>/data/test_labels.npy",
        dataset="<results>/data/dataset.json",
    log:
        "<logs>/unpack_archive.log",
    benchmark:
        "<benchmarks>/unpack_archive.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(300, images=2),
        runtime=minutes(5, per_gigabyte=10),
    params:
        settings=settings(
            {"dataset": DATASET} | {key: DATASET_ENTRY[key] for key in DECLARED if key in DATASET_ENTRY}
        ),
        script=untracked(SCRIPTS / "unpack_archive.py"),
        code=fingerprint("unpack_archive"),
    shell:
        "python {params.script:q} --archive-receipt {input.receipt} "
        "--train-images {output.train_images} --train-labels {output.train_labels} "
        "--test-images {output.test_images} --test-labels {output.test_labels} "
        "--dataset {output.dataset} --settings {params.settings:q} 2> {log}"
