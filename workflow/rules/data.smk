# From archives to arrays. Where an archive comes from changes nothing after it: only its checksum counts.

# Of a dataset's entry, what says where it comes from, and what says what it is.
ORIGIN = ("archive", "sources", "file", "bytes", "files")
DECLARED = ("kind", "sha256", "n_train", "n_test", "n_classes", "image_shape", "classes", "labels", "resize")
CACHE = config.get("cache") or ""


# ---- Arrays: these rules write <results> out, since their constraints of its wildcard would not reach into it ----


rule make_digits_archive:
    output:
        archive="results/{dataset}/data/digits-python.tar.gz",
        receipt="results/{dataset}/data/archive.json",
    log:
        "results/{dataset}/logs/make_digits_archive.log",
    wildcard_constraints:
        dataset=any_of(DIGITS),
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
        "python {params.script:q} " "--archive {output.archive} --archive-receipt {output.receipt} 2> {log}"


rule make_synthetic_archive:
    output:
        archive=directory("results/{dataset}/data/synthetic"),
        receipt="results/{dataset}/data/archive.json",
    log:
        "results/{dataset}/logs/make_synthetic_archive.log",
    benchmark:
        "results/{dataset}/benchmarks/make_synthetic_archive.tsv"
    wildcard_constraints:
        dataset=any_of(SYNTHETIC),
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(400),
        runtime=minutes(2, per_gigabyte=10),
    params:
        settings=lambda wildcards: settings(entry_of(wildcards.dataset, DECLARED) | {"seed": SEED}),
        script=untracked(SCRIPTS / "make_synthetic_archive.py"),
        code=fingerprint("make_synthetic_archive"),
    shell:
        "python {params.script:q} --archive {output.archive} --archive-receipt {output.receipt} "
        "--settings {params.settings:q} 2> {log}"


rule make_packaged_archive:
    output:
        archive="results/{dataset}/data/packaged.npz",
        receipt="results/{dataset}/data/archive.json",
    log:
        "results/{dataset}/logs/make_packaged_archive.log",
    wildcard_constraints:
        dataset=any_of(PACKAGED),
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(500),
        runtime=minutes(2),
    params:
        settings=lambda wildcards: settings({"kind": DATASETS[wildcards.dataset]["kind"]}),
        script=untracked(SCRIPTS / "make_packaged_archive.py"),
        code=fingerprint("make_packaged_archive"),
    shell:
        "python {params.script:q} --archive {output.archive} --archive-receipt {output.receipt} "
        "--settings {params.settings:q} 2> {log}"


rule fetch_archive:
    output:
        receipt="results/{dataset}/data/archive.json",
    log:
        "results/{dataset}/logs/fetch_archive.log",
    wildcard_constraints:
        dataset=any_of(name for name in DATASETS if name not in (*DIGITS, *PACKAGED, *SYNTHETIC)),
    # Where jobs are sent to a cluster, its nodes often have no way out.
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(200),
        runtime=minutes(120),
    params:
        settings=lambda wildcards: settings(
            {key: DATASETS[wildcards.dataset].get(key) for key in ("kind", "sha256")}
        ),
        script=untracked(SCRIPTS / "fetch_archive.py"),
        code=fingerprint("fetch_archive"),
        # Sources and the cache are no settings: other ones give the same archive.
        origin=lambda wildcards, resources: settings(entry_of(wildcards.dataset, ORIGIN)),
        cache=untracked(CACHE),
    shell:
        "python {params.script:q} --archive-receipt {output.receipt} "
        "--origin {params.origin:q} --cache={params.cache:q} --settings {params.settings:q} 2> {log}"


rule unpack_archive:
    input:
        receipt="results/{dataset}/data/archive.json",
    output:
        train_images="results/{dataset}/data/train_images.npy",
        train_labels="results/{dataset}/data/train_labels.npy",
        test_images="results/{dataset}/data/test_images.npy",
        test_labels="results/{dataset}/data/test_labels.npy",
        dataset="results/{dataset}/data/dataset.json",
    log:
        "results/{dataset}/logs/unpack_archive.log",
    benchmark:
        "results/{dataset}/benchmarks/unpack_archive.tsv"
    wildcard_constraints:
        dataset=any_of(DATASETS),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(300, images=2, bounded=is_mapped),
        runtime=minutes(5, per_gigabyte=10),
    params:
        settings=lambda wildcards: settings(
            {"dataset": wildcards.dataset} | entry_of(wildcards.dataset, (*DECLARED, "excluded"))
        ),
        script=untracked(SCRIPTS / "unpack_archive.py"),
        code=fingerprint("unpack_archive"),
        exclude=lambda wildcards, resources: DATASETS[wildcards.dataset].get("exclude", ""),
    shell:
        "python {params.script:q} --archive-receipt {input.receipt} "
        "--train-images {output.train_images} --train-labels {output.train_labels} "
        "--test-images {output.test_images} --test-labels {output.test_labels} "
        "--dataset {output.dataset} --exclude={params.exclude:q} --settings {params.settings:q} 2> {log}"


rule resample_images:
    input:
        train_images=lambda wildcards: f"results/{study_of(wildcards)}/data/train_images.npy",
        train_labels=lambda wildcards: f"results/{study_of(wildcards)}/data/train_labels.npy",
        test_images=lambda wildcards: f"results/{study_of(wildcards)}/data/test_images.npy",
        test_labels=lambda wildcards: f"results/{study_of(wildcards)}/data/test_labels.npy",
        dataset=lambda wildcards: f"results/{study_of(wildcards)}/data/dataset.json",
    output:
        train_images="results/{dataset}/data/train_images.npy",
        train_labels="results/{dataset}/data/train_labels.npy",
        test_images="results/{dataset}/data/test_images.npy",
        test_labels="results/{dataset}/data/test_labels.npy",
        dataset="results/{dataset}/data/dataset.json",
    log:
        "results/{dataset}/logs/resample_images.log",
    wildcard_constraints:
        dataset=any_of(SPLITS),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(300, images=2),
        runtime=minutes(2, per_gigabyte=10),
    params:
        settings=lambda wildcards: settings({"split": SPLITS[wildcards.dataset][1], "seed": SEED}),
        script=untracked(SCRIPTS / "resample_images.py"),
        code=fingerprint("resample_images"),
    shell:
        "python {params.script:q} --train-images {input.train_images} --train-labels {input.train_labels} "
        "--test-images {input.test_images} --test-labels {input.test_labels} --dataset {input.dataset} "
        "--new-train-images {output.train_images} --new-train-labels {output.train_labels} "
        "--new-test-images {output.test_images} --new-test-labels {output.test_labels} "
        "--new-dataset {output.dataset} --settings {params.settings:q} 2> {log}"


rule divide_images:
    input:
        labels="<results>/data/train_labels.npy",
    output:
        division="<results>/parts/{division}.npy",
    log:
        "<logs>/divide_images/{division}.log",
    # Short jobs: a cluster gets all of a group as one.
    group:
        "features"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=mem_mb(300),
        runtime=minutes(2),
    params:
        settings=lambda wildcards: settings(
            {"division": wildcards.division, "seed": 0 if wildcards.division.startswith("folds") else SEED}
        ),
        script=untracked(SCRIPTS / "divide_images.py"),
        code=fingerprint("divide_images"),
    shell:
        "python {params.script:q} --labels {input.labels} --division {output.division} "
        "--settings {params.settings:q} 2> {log}"
