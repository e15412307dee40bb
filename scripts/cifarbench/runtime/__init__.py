"""Run jobs and commands: from what Snakemake or a terminal passes to a result, a record of a failure, or a sentence."""
