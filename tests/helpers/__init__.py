"""Helpers of the tests. They import the library and the scripts, and no test.

- `once`: folders that all processes of a test run share. `nobody`: an unprivileged user, for tests that run as root.
- `warm`, `warm_client`: a server that runs Snakemake and scripts without repeating their imports.
- `batches`, `servers`, `fetching`: archives in CIFAR-10's layout, and HTTP servers with and without faults.
- `tiny`, `project`: a data set that takes seconds, and a copy of the workflow in which a test runs it.
- `small_run`, `small_audit`, `small_model`: results, an audit and a saved model, made without Snakemake.
- `photographs`: images for the audit. `simulated`, `finished`: rows and files of a comparison across data sets.
- `slurm`, `seaweed`, `study`: a Slurm, an object storage, and the experiment for them. `screens`: viewport sizes.
"""
