# From cross-validation scores, which the rules of each family compute, to the best candidate.


use rule job as select_best_params with:
    input:
        cells=lambda wildcards: get_paths(wildcards).cv_score_files(wildcards.model, wildcards.size),
        costs=lambda wildcards: get_paths(wildcards).cv_timing_files(wildcards.model, wildcards.size),
    output:
        results="<results>/models/{model}{size}/cv_results.csv",
        best="<results>/models/{model}{size}/best_params.json",
        cost="<results>/models/{model}{size}/tuning_cost.json",
    log:
        "<logs>/select_best_params/{model}{size}.log",
    wildcard_constraints:
        model=any_model(tuned_models),
    localrule: True
    params:
        **job_params(
            "select_best_params",
            settings=lambda wildcards: get_paths(wildcards).grid_params_json(wildcards.model),
            failure_of=get_model,
            reads_failures=True,
        ),
