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
    threads: 1
    resources:
        mem_mb=mem_mb(500),
        runtime=minutes(2),
        tries_left=tries_left,
    params:
        guard=GUARD,
        settings=lambda wildcards: files(wildcards).grid_settings(wildcards.model),
        script=untracked(SCRIPTS / "choose_best.py"),
        code=fingerprint("choose_best"),
    shell:
        guarded("choose_best") + "python {params.script:q} --cells {input.cells} --costs {input.costs} "
        "--results {output.results} --best {output.best} --cost {output.cost} "
        "--settings {params.settings:q} 2> {log}"
