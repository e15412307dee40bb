# From the cells of a grid, which each family scores in its own room, to the best candidate.


rule choose_best:
    input:
        cells=lambda wildcards: files(wildcards).cells(wildcards.model, wildcards.size),
        costs=lambda wildcards: files(wildcards).costs_of_cells(wildcards.model, wildcards.size),
    output:
        results="<results>/models/{model}{size}/cv_results.csv",
        best="<results>/models/{model}{size}/best.json",
        cost="<results>/models/{model}{size}/search_cost.json",
    log:
        "<logs>/choose_best/{model}{size}.log",
    wildcard_constraints:
        model=any_model(tuned),
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SHORT_JOB,
    params:
        **job_params(
            "choose_best",
            settings=lambda wildcards: files(wildcards).grid_settings(wildcards.model),
            failure_of=of_model,
        ),
    shell:
        RUN_JOB
