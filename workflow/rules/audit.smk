# Data audit: duplicates, label issues and image issues of a dataset.


use rule job as find_duplicates with:
    input:
        images=lambda wildcards: get_paths(wildcards).data_files("images"),
        dataset="<results>/data/dataset.json",
    output:
        table=reported("<results>/audit/duplicates.csv", "Data", "copies and near-copies"),
        summary="<results>/audit/duplicates.json",
    log:
        "<logs>/find_duplicates.log",
    benchmark:
        "<benchmarks>/find_duplicates.tsv"
    threads: 2
    resources:
        **job_resources(mem_mb(700, images=2, bounded=False), minutes(5, per_gigabyte=60)),
    params:
        **job_params(
            "find_duplicates",
            settings=lambda wildcards: {
                "seed": 0,
                # Whether a mirrored image has the same meaning.
                "hflip_safe": DATASETS[get_dataset(wildcards)].get("hflip_safe", True),
            },
        ),


use rule job as find_label_issues with:
    input:
        images=lambda wildcards: get_paths(wildcards).data_files("images"),
        labels=lambda wildcards: get_paths(wildcards).data_files("labels"),
        dataset="<results>/data/dataset.json",
    output:
        table=reported("<results>/audit/label_issues.csv", "Data", "labels that are likely wrong"),
        summary="<results>/audit/label_issues.json",
    log:
        "<logs>/find_label_issues.log",
    benchmark:
        "<benchmarks>/find_label_issues.tsv"
    resources:
        **job_resources(mem_mb(900, images=1, bounded=False), minutes(5, per_gigabyte=60)),
    params:
        **job_params("find_label_issues", settings={"seed": 0}),


use rule find_label_issues as find_image_issues with:
    output:
        table=reported("<results>/audit/image_issues.csv", "Data", "image issues"),
        means="<results>/audit/class_means.npy",
        summary="<results>/audit/class_counts.json",
    log:
        "<logs>/find_image_issues.log",
    benchmark:
        "<benchmarks>/find_image_issues.tsv"
    resources:
        **job_resources(mem_mb(500, images=1, bounded=False), minutes(3, per_gigabyte=30)),
    params:
        **job_params("find_image_issues"),


use rule find_label_issues as find_shortcuts with:
    output:
        shortcuts="<results>/audit/shortcuts.json",
    log:
        "<logs>/find_shortcuts.log",
    benchmark:
        "<benchmarks>/find_shortcuts.tsv"
    resources:
        **job_resources(mem_mb(700, images=0), minutes(3, per_gigabyte=10)),
    params:
        **job_params("find_shortcuts", settings={"seed": 0}),
