"""What tests share. It imports the library and the scripts, and no test.

- `once`: folders that all processes of a test run share. `nobody`: an ordinary user, where tests run as root.
- `warm`, `warm_client`: a server that starts Snakemake and scripts without importing them each time.
- `batches`, `servers`, `fetching`: archives in CIFAR-10's layout, and servers that send them well or badly.
- `tiny`, `project`: a data set that takes seconds, and a copy of the workflow in which a test runs it.
- `small_run`, `small_audit`, `small_model`: results, an audit and a stored model, made without Snakemake.
- `photographs`: images for the audit. `simulated`, `finished`: rows and files of a comparison across data sets.
- `slurm`, `seaweed`, `study`: a Slurm, an object storage, and the study that they run. `screens`: sizes of screens.
"""
