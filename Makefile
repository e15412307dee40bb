# The commands of the project. `make` alone lists them.

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
ENVIRONMENT := .venv/.installed
# Rules call `python`: the one of this environment.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

ARCHIVE_CONFIG := $(if $(ARCHIVE),'archive="$(abspath $(ARCHIVE))"') $(if $(SHA256),'sha256="$(SHA256)"')
# A configuration laid over config/config.yaml: `make explain CONFIGFILE=config/digits.yaml`.
$(if $(CONFIGFILE),$(if $(wildcard $(CONFIGFILE)),,$(error CONFIGFILE is $(CONFIGFILE); there is no such file: name one that is there)))
OVERLAY := $(if $(CONFIGFILE),--configfile $(CONFIGFILE)) $(if $(strip $(ARCHIVE_CONFIG)),--config $(ARCHIVE_CONFIG))
STUDY := snakemake --cores $(CORES) $(OVERLAY)
DEMO := snakemake --cores $(CORES) --configfile config/digits.yaml
# On the digits, unless there is an archive.
ACROSS := snakemake --cores $(CORES) --configfile config/suite.yaml
IMPROVED := $(if $(ARCHIVE),snakemake --cores $(CORES) --configfile config/extended.yaml --config $(ARCHIVE_CONFIG),$(DEMO) config/extended.yaml config/extended_digits.yaml)

# Results to take along: those of DATASET, configured as in their last finished run unless CONFIGFILE says otherwise.
DATASET ?= cifar10
LAST_RUN = $(lastword $(sort $(wildcard results/$(DATASET)/history/*/config.yaml)))
TAKEN = $(if $(strip $(OVERLAY)),$(OVERLAY),$(if $(LAST_RUN),--configfile $(LAST_RUN),--config dataset=$(DATASET)))
EXPORTED = results/$(DATASET)/export/$(MODEL)
needs = $(if $($(1)),,$(error $@ needs $(1)=, $(2)))
takes_no_dataset = $(if $(filter command,$(firstword $(origin DATASET))),$(error make $@ takes no DATASET=; $(1)))

# An environment that was not finished, or whose Python is gone, is made anew.
WORKS := $(shell .venv/bin/python -c "" 2>/dev/null && test -e $(ENVIRONMENT) && echo yes)

.PHONY: new-environment help doctor demo study improved across million explain history diff predict export card crate rebuild snakemake-report test lint format bench bench-compare house tables clean-checkpoints

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

doctor: ## Say what this machine has, and what of it the study would use (ARCHIVE=, SHA256=)
	@PYTHONPATH=scripts $(if $(WORKS),python,$(PYTHON)) -m cifarbench doctor $(if $(ARCHIVE),--archive "$(ARCHIVE)") $(if $(SHA256),--sha256 $(SHA256))

demo: $(ENVIRONMENT) ## Run the whole study on the digits that come with scikit-learn (about a minute)
	@$(DEMO)

study: $(ENVIRONMENT) ## Run the study on CIFAR-10 (ARCHIVE=path and SHA256=value use a file that you have)
	$(call takes_no_dataset,name a file that says "dataset: $(DATASET)" by CONFIGFILE=)
	@$(STUDY)

improved: $(ENVIRONMENT) ## Beside the six: better features, convolutions, augmentation, tuning; on the digits, or ARCHIVE=
	$(call takes_no_dataset,lay a file that says "dataset: $(DATASET)" over its own: snakemake --cores $(CORES) --configfile config/$@.yaml FILE)
	@$(IMPROVED)

across: $(ENVIRONMENT) ## Compare models over two small datasets, with several sizes, seeds and splits (some minutes)
	$(call takes_no_dataset,name datasets as docs/suite.md does)
	@$(ACROSS)

million: $(ENVIRONMENT) ## Run a study of a million images, made up: each job within 2 GB (docs/scaling.md; 7 GB of disk)
	@snakemake --cores $(CORES) --configfile config/million.yaml

explain: $(ENVIRONMENT) ## Tell which jobs `make study` would run, and for which changed keys (CONFIGFILE=, ARCHIVE=)
	@cifarbench explain $(OVERLAY)

history: $(ENVIRONMENT) ## List the finished runs with their accuracies
	@cifarbench runs

diff: $(ENVIRONMENT) ## Compare the last two runs, or OLD=id and NEW=id: changed keys and metrics
	@cifarbench diff $(if $(OLD),--old $(OLD)) $(if $(NEW),--new $(NEW))

predict: $(ENVIRONMENT) ## Ask a model about the pictures of a folder (PICTURES=, DATASET=, MODEL=, OUT=, RESIZE=yes)
	$(call needs,PICTURES,a folder of PNG or JPEG)
	@cifarbench predict --results results/$(DATASET) --pictures "$(PICTURES)" \
		$(if $(MODEL),--model $(MODEL)) $(if $(OUT),--out "$(OUT)") $(if $(filter-out no false 0,$(RESIZE)),--resize)

export: $(ENVIRONMENT) ## Write a model as ONNX, and a page on which it can be tried (MODEL=, DATASET=)
	$(call needs,MODEL,the name of a model)
	@snakemake --cores $(CORES) $(EXPORTED).onnx $(EXPORTED).demo.html $(TAKEN)
	@echo "The model is in $(EXPORTED).onnx; open $(EXPORTED).demo.html to try it"

card: $(ENVIRONMENT) ## Write a model card in the Hugging Face hub's layout (MODEL=, DATASET=)
	$(call needs,MODEL,the name of a model)
	@snakemake --cores $(CORES) $(EXPORTED).model_card.md $(TAKEN)
	@echo "The card is in $(EXPORTED).model_card.md"

crate: $(ENVIRONMENT) ## Pack a finished study as a Workflow Run RO-Crate (DATASET=, OUT=crate.zip)
	@cifarbench crate --results results/$(DATASET) --crate "$(or $(OUT),results/$(DATASET)/crate.zip)"

rebuild: $(ENVIRONMENT) ## Run a study again from its crate, and compare all metrics (CRATE=, ARCHIVE=, OUT=folder)
	$(call needs,CRATE,a file that make crate has written)
	@cifarbench reproduce --crate "$(CRATE)" --cores $(CORES) \
		$(if $(ARCHIVE),--archive "$(ARCHIVE)") $(if $(OUT),--folder "$(OUT)")

snakemake-report: $(ENVIRONMENT) ## Write Snakemake's own report of the finished study to report.zip
	@$(STUDY) --report report.zip

test: $(ENVIRONMENT) ## Run the tests
	pytest -n auto

lint: $(ENVIRONMENT) ## Check style and format of the code and the workflow
	ruff check .
	ruff format --check .
	snakefmt --check workflow
	snakemake --lint

format: $(ENVIRONMENT) ## Put the code into the format that lint checks
	ruff check --fix .
	ruff format .
	snakefmt workflow

bench: $(ENVIRONMENT) ## Measure each case against a reference implementation (ARCHIVE=path and SHA256=value as for study)
	PYTHONPATH=scripts python benchmarks/run.py $(if $(ARCHIVE),--archive $(ARCHIVE) --study) $(if $(SHA256),--sha256 $(SHA256))

bench-compare: $(ENVIRONMENT) ## List the cases that became slower than noise since the last commit measured on this machine
	@python benchmarks/history.py

house: $(ENVIRONMENT) ## Draw the house in README.md from the rules themselves
	@cifarbench rulegraph --page README.md

tables: $(ENVIRONMENT) ## Write the tables of all parameters in config/README.md from the code
	@cifarbench parameters --page config/README.md

clean-checkpoints: ## Delete the checkpoints of all trainings
	rm -rf results/*/checkpoints results/*/split_*/checkpoints

$(ENVIRONMENT): requirements.txt pyproject.toml $(if $(WORKS),,new-environment)
	@rm -f $@
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# A link to an environment elsewhere is taken away, and what it leads to stays.
new-environment:
	@$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed; name it by PYTHON=' if sys.version_info < (3, 11) else 0)"
	@echo "The packages of requirements.txt will be installed from PyPI into .venv: about 6 GB on Linux on x86, where"
	@echo "PyTorch brings libraries for GPUs, about 2 GB elsewhere. It takes some minutes, and is done once."
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
