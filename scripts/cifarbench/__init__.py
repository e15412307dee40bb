"""The library behind the workflow: pure functions over arrays, with no knowledge of Snakemake."""
