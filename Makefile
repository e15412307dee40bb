# The commands of the project. `make` alone lists them.

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
ENVIRONMENT := .venv/.installed
# Rules call `python`: the one of this environment.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

ARCHIVE_CONFIG := $(if $(ARCHIVE),'archive="$(abspath $(ARCHIVE))"') $(if $(SHA256),'sha256="$(SHA256)"')
STUDY := snakemake --cores $(CORES) $(if $(strip $(ARCHIVE_CONFIG)),--config $(ARCHIVE_CONFIG))
DEMO := snakemake --cores $(CORES) --configfile config/digits.yaml

.PHONY: help demo study test lint format bench clean-checkpoints

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(ENVIRONMENT) ## Run the whole study on the digits that come with scikit-learn (about a minute)
	@$(DEMO)
	@echo "The report is in results/digits/report.html"

study: $(ENVIRONMENT) ## Run the study on CIFAR-10 (ARCHIVE=path and SHA256=value use a file that you have)
	@$(STUDY)
	@echo "The report is in results/cifar10/report.html"

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
	python benchmarks/run.py $(if $(ARCHIVE),--archive $(ARCHIVE) --study) $(if $(SHA256),--sha256 $(SHA256))

clean-checkpoints: ## Delete the checkpoints of all trainings
	rm -rf results/*/checkpoints

$(ENVIRONMENT): requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@
