# The commands of the project. `make` alone lists them.

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
ENVIRONMENT := .venv/.installed
# Rules call `python`: the one of this environment.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

ARCHIVE_CONFIG := $(if $(ARCHIVE),'archive="$(abspath $(ARCHIVE))"') $(if $(SHA256),'sha256="$(SHA256)"')
# A configuration laid over config/config.yaml: `make explain CONFIGFILE=config/digits.yaml`.
OVERLAY := $(if $(CONFIGFILE),--configfile $(CONFIGFILE)) $(if $(strip $(ARCHIVE_CONFIG)),--config $(ARCHIVE_CONFIG))
STUDY := snakemake --cores $(CORES) $(OVERLAY)
# On the digits, unless there is an archive.
IMPROVED := snakemake --cores $(CORES) --configfile config/improved.yaml $(if $(ARCHIVE),--config $(ARCHIVE_CONFIG),config/improved_digits.yaml)
DEMO := snakemake --cores $(CORES) --configfile config/digits.yaml

.PHONY: help demo study improved explain history diff snakemake-report test lint format bench scaling house tables clean-checkpoints

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(ENVIRONMENT) ## Run the whole study on the digits that come with scikit-learn (about a minute)
	@$(DEMO)
	@echo "The report is in results/digits/report.html"

study: $(ENVIRONMENT) ## Run the study on CIFAR-10 (ARCHIVE=path and SHA256=value use a file that you have)
	@$(STUDY)
	@echo "The report is in results/cifar10/report.html"

improved: $(ENVIRONMENT) ## Run better features and networks (docs/improved.md), with ARCHIVE= and SHA256= on CIFAR-10, without on the digits
	@$(IMPROVED)

explain: $(ENVIRONMENT) ## Tell which jobs `make study` would run, and for which changed keys (CONFIGFILE=, ARCHIVE=)
	@python scripts/explain_changes.py $(OVERLAY)

history: $(ENVIRONMENT) ## List the finished runs with their accuracies
	@python scripts/show_history.py

diff: $(ENVIRONMENT) ## Compare the last two runs, or OLD=id and NEW=id: changed keys and metrics
	@python scripts/compare_runs.py $(if $(OLD),--old $(OLD)) $(if $(NEW),--new $(NEW))

snakemake-report: $(ENVIRONMENT) ## Write Snakemake's own report of the finished study to report.zip
	@$(STUDY) --report report.zip

test: $(ENVIRONMENT) ## Run the tests
	pytest

lint: $(ENVIRONMENT) ## Check style and format of the code and the workflow
	ruff check .
	ruff format --check .
	snakefmt --check workflow
	snakemake --lint

format: $(ENVIRONMENT) ## Put the code into the format that lint checks
	ruff check --fix .
	ruff format .
	snakefmt workflow

bench: $(ENVIRONMENT) ## Measure each part against the plain way (ARCHIVE=path and SHA256=value as for study)
	PYTHONPATH=scripts python benchmarks/run.py $(if $(ARCHIVE),--archive $(ARCHIVE) --study) $(if $(SHA256),--sha256 $(SHA256))

scaling: $(ENVIRONMENT) ## Project the study onto more nodes, from the job times of a finished run (docs/cluster.md)
	@python scripts/project_scaling.py --benchmarks results/cifar10/benchmarks --page docs/cluster.md

house: $(ENVIRONMENT) ## Draw the house in README.md from the rules themselves
	@python scripts/draw_house.py --page README.md

tables: $(ENVIRONMENT) ## Write the tables of all parameters in config/README.md from the code
	@python scripts/write_tables.py --page config/README.md

clean-checkpoints: ## Delete the checkpoints of all trainings
	rm -rf results/*/checkpoints

$(ENVIRONMENT): requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@
