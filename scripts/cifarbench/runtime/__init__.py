"""Run jobs of Snakemake and commands of a terminal, and record failures."""
