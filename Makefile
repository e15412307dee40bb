# The commands of the project. `make` alone lists them.

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
DATASET ?= cifar10
ENVIRONMENT := .venv/.installed
# Rules call `python`: the one of this environment.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# ---- Old names: each ends in one sentence that names the new one ----

RENAMED_TARGETS := improved=extended across=suite million=bench-million history=runs card=model-card crate=ro-crate \
	rebuild=reproduce house=docs tables=docs
RENAMED_VARIABLES := PICTURES=IMAGES
new_name = $(patsubst $(1)=%,%,$(filter $(1)=%,$(RENAMED_TARGETS) $(RENAMED_VARIABLES)))
old_names = $(foreach pair,$(1),$(firstword $(subst =, ,$(pair))))
$(foreach old,$(call old_names,$(RENAMED_VARIABLES)),$(if $(value $(old)),$(if $(filter command,$(firstword $(origin $(old)))),$(error $(old)= is now called $(call new_name,$(old))=))))

# ---- Variables: a path may hold spaces, quotes and dollar signs ----

# For the shell, and for YAML inside of it. Snakemake strips quotes at both ends of a value, but not behind spaces.
quote = '$(subst ','\'',$(1))'
quote_yaml = $(call quote,$(1)= '$(subst ','',$(2))' )
# $(abspath) would take a path with spaces apart.
absolute = $(if $(filter /%,$(firstword $(1))),$(1),$(CURDIR)/$(1))
# Options of a command, each of a variable that may be empty: $(call option,--archive,ARCHIVE).
option = $(if $(value $(2)),$(1) $(call quote,$(value $(2))))
is_file = $(shell test -f $(call quote,$(1)) && echo yes)
existing_file = $(if $(call is_file,$(1)),$(call quote,$(1)),$(error CONFIGFILE is $(1); there is no such file: name an existing one))
# One file whose name holds spaces, or several files.
CONFIGFILES := $(if $(value CONFIGFILE),$(if $(call is_file,$(value CONFIGFILE)),$(call quote,$(value CONFIGFILE)),$(foreach file,$(value CONFIGFILE),$(call existing_file,$(file)))))
# From the command line alone: some systems set NAME in every shell.
NAME_CONFIG := $(if $(filter command,$(firstword $(origin NAME))),$(call quote_yaml,name,$(value NAME)))
ARCHIVE_CONFIG := $(if $(value ARCHIVE),$(call quote_yaml,archive,$(call absolute,$(value ARCHIVE)))) $(if $(value SHA256),$(call quote_yaml,sha256,$(value SHA256)))
# The user's own images, for `make study`; `make predict` has IMAGES= for the images to classify.
IMAGES_CONFIG := $(if $(value IMAGES),$(call quote_yaml,images,$(call absolute,$(value IMAGES)))) $(if $(value SPLIT),$(call quote_yaml,split,$(value SPLIT))) $(if $(value PRESET),$(call quote_yaml,preset,$(value PRESET)))
CONFIG := $(strip $(ARCHIVE_CONFIG) $(NAME_CONFIG))
# Files that override config/config.yaml: `make explain CONFIGFILE=config/digits.yaml`.
OVERRIDES := $(if $(CONFIGFILES),--configfile $(CONFIGFILES)) $(if $(CONFIG),--config $(CONFIG))
OVERRIDES_OF_STUDY := $(if $(CONFIGFILES),--configfile $(CONFIGFILES)) $(if $(strip $(CONFIG) $(IMAGES_CONFIG)),--config $(strip $(IMAGES_CONFIG) $(CONFIG)))
WITH_NAME := $(if $(NAME_CONFIG),--config $(NAME_CONFIG))
SNAKEMAKE = snakemake --cores $(call quote,$(CORES))
DEMO = $(SNAKEMAKE) --configfile config/digits.yaml
# On the digits, unless there is an archive.
EXTENDED = $(if $(value ARCHIVE),$(SNAKEMAKE) --configfile config/extended.yaml --config $(CONFIG),$(DEMO) config/extended.yaml config/extended_digits.yaml $(WITH_NAME))

# Results to use: those of DATASET, of experiment NAME, configured as in their last finished run unless CONFIGFILE or
# ARCHIVE is given.
RESULTS = results/$(if $(NAME_CONFIG),$(value NAME)/)$(value DATASET)
LAST_CONFIG = $(lastword $(sort $(wildcard $(RESULTS)/history/*/config.yaml)))
LAST_OVERRIDES = $(if $(strip $(CONFIGFILES) $(ARCHIVE_CONFIG)),$(OVERRIDES),$(if $(LAST_CONFIG),--configfile $(LAST_CONFIG),--config $(call quote,dataset=$(value DATASET)) $(NAME_CONFIG)))
MERGED = results/$(if $(NAME_CONFIG),$(value NAME),merged)/merged.yaml
EXPORTED = $(RESULTS)/export/$(value MODEL)
exported = $(call quote,$(EXPORTED).$(1))
needs = $(if $(value $(1)),,$(error $@ needs $(1)=, $(2)))
takes_no_dataset = $(if $(filter command,$(firstword $(origin DATASET))),$(error make $@ takes no DATASET=; $(1)))
# 1, yes or true; 0, no or false.
flag = $(if $(filter-out 1 yes true 0 no false,$(value $(1))),$(error $(1) is $(value $(1)); write $(1)=1 or leave it out))$(filter 1 yes true,$(value $(1)))

# An unfinished environment, or one whose Python is gone, is created again.
WORKS := $(shell .venv/bin/python -c "" 2>/dev/null && test -e $(ENVIRONMENT) && echo yes)

# Wheels of PyTorch: for CPUs alone (`cpu`), or those in a folder; PyPI's unless given.
TORCH_OPTIONS = $(if $(value TORCH),$(if $(filter cpu,$(value TORCH)),--extra-index-url https://download.pytorch.org/whl/cpu,$(if $(shell test -d $(call quote,$(value TORCH)) && echo yes),--find-links $(call quote,$(call absolute,$(value TORCH))),$(error TORCH is $(value TORCH); write TORCH=cpu, or name an existing folder of wheels))))

.PHONY: new-environment help doctor demo study extended suite bench-million explain runs diff predict test-set leaderboard merge export model-card \
	ro-crate reproduce snakemake-report test lint format bench bench-compare docs clean-checkpoints \
	$(call old_names,$(RENAMED_TARGETS))

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

$(call old_names,$(RENAMED_TARGETS)):
	$(error make $@ is now called make $(call new_name,$@))

doctor: ## Check this machine: Python, cores, memory, disk, GPU, archive (ARCHIVE=, SHA256=)
	@PYTHONPATH=scripts $(if $(WORKS),python,$(call quote,$(PYTHON))) -m cifarbench doctor $(call option,--archive,ARCHIVE) $(call option,--sha256,SHA256)

demo: $(ENVIRONMENT) ## Run all six models on the digits that come with scikit-learn (about a minute)
	@$(DEMO) $(WITH_NAME)

study: $(ENVIRONMENT) ## Run the six models on CIFAR-10 (ARCHIVE=, SHA256=), or your images (IMAGES=, PRESET=, SPLIT=); CONFIGFILE=, NAME=
	$(call takes_no_dataset,name a file that holds "dataset: $(DATASET)" by CONFIGFILE=)
	@$(SNAKEMAKE) $(OVERRIDES_OF_STUDY)

extended: $(ENVIRONMENT) ## Run twelve more models: better features, convolutions, augmentation; on the digits, or ARCHIVE=
	$(call takes_no_dataset,run snakemake --cores $(CORES) --configfile config/$@.yaml FILE with a file that holds "dataset: $(DATASET)")
	@$(EXTENDED)

suite: $(ENVIRONMENT) ## Compare models over two small datasets, with several sizes, seeds and splits (some minutes)
	$(call takes_no_dataset,name datasets as docs/suite.md does)
	@$(SNAKEMAKE) --configfile config/suite.yaml $(WITH_NAME)

bench-million: $(ENVIRONMENT) ## Run four models on a million synthetic images; each job within 2 GB, 7 GB of disk
	@$(SNAKEMAKE) --configfile config/million.yaml $(WITH_NAME)

explain: $(ENVIRONMENT) ## List the jobs that `make study` would run, and the changed keys (CONFIGFILE=, ARCHIVE=, IMAGES=, NAME=)
	@cifarbench explain $(OVERRIDES_OF_STUDY)

runs: $(ENVIRONMENT) ## List the finished runs with their accuracies
	@cifarbench runs

diff: $(ENVIRONMENT) ## Compare the last two runs, or OLD=id and NEW=id: changed keys and metrics
	@cifarbench diff $(call option,--old,OLD) $(call option,--new,NEW)

predict: $(ENVIRONMENT) ## Classify the images of a folder, zip, tar, CSV, .npz or Parquet file (IMAGES=, NAME=, DATASET=, MODEL=, OUT=, RESIZE=1)
	$(call needs,IMAGES,a folder of images)
	@cifarbench predict --results $(call quote,$(RESULTS)) $(call option,--images,IMAGES) \
		$(call option,--model,MODEL) $(call option,--out,OUT) $(if $(call flag,RESIZE),--resize)

test-set: $(ENVIRONMENT) ## Write the test images without labels, a template and rules, for a course or a contest (DATASET=, NAME=, OUT=)
	@$(SNAKEMAKE) $(call quote,$(RESULTS)/data/test_labels.npy) $(LAST_OVERRIDES)
	@cifarbench test-set --results $(call quote,$(RESULTS)) $(call option,--out,OUT)

leaderboard: $(ENVIRONMENT) ## Rank files of predictions (SUBMISSIONS=folder, DATASET=, NAME=, PUBLIC=0.5, METRIC=, REPORT_LANGUAGE=, OUT=)
	$(call needs,SUBMISSIONS,a folder of files of predictions)
	@$(SNAKEMAKE) $(call quote,$(RESULTS)/data/test_labels.npy) $(LAST_OVERRIDES)
	@cifarbench leaderboard --results $(call quote,$(RESULTS)) $(call option,--submissions,SUBMISSIONS) \
		$(call option,--public,PUBLIC) $(call option,--metric,METRIC) $(call option,--language,REPORT_LANGUAGE) $(call option,--out,OUT)

merge: $(ENVIRONMENT) ## Compare the models of several runs (RUNS="results/digits other/digits crate.zip", NAME=merged)
	$(call needs,RUNS,folders of results or crates)
	@cifarbench merge $(call option,--runs,RUNS) --out $(call quote,$(MERGED)) $(if $(NAME_CONFIG),$(call option,--name,NAME))
	@$(SNAKEMAKE) --configfile $(call quote,$(MERGED))

export: $(ENVIRONMENT) ## Write a model as ONNX, with a demo page for the browser (MODEL=, NAME=, DATASET=)
	$(call needs,MODEL,the name of a model)
	@$(SNAKEMAKE) $(call exported,onnx) $(call exported,demo.html) $(LAST_OVERRIDES)
	@echo $(call quote,The model is in $(EXPORTED).onnx; open $(EXPORTED).demo.html to try it)

model-card: $(ENVIRONMENT) ## Write a model card in the layout of the Hugging Face hub (MODEL=, NAME=, DATASET=)
	$(call needs,MODEL,the name of a model)
	@$(SNAKEMAKE) $(call exported,model_card.md) $(LAST_OVERRIDES)
	@echo $(call quote,The card is in $(EXPORTED).model_card.md)

ro-crate: $(ENVIRONMENT) ## Pack a finished run as a Workflow Run RO-Crate (NAME=, DATASET=, OUT=crate.zip)
	@cifarbench crate --results $(call quote,$(RESULTS)) --crate $(call quote,$(or $(value OUT),$(RESULTS)/crate.zip))

reproduce: $(ENVIRONMENT) ## Run an experiment again from its crate and compare all metrics (CRATE=, ARCHIVE=, OUT=folder)
	$(call needs,CRATE,a file that make ro-crate has written)
	@cifarbench reproduce $(call option,--crate,CRATE) --cores $(call quote,$(CORES)) \
		$(call option,--archive,ARCHIVE) $(call option,--folder,OUT)

snakemake-report: $(ENVIRONMENT) ## Write Snakemake's own report of the finished run to report.zip
	@$(SNAKEMAKE) $(OVERRIDES) --report report.zip

test: $(ENVIRONMENT) ## Run the tests
	pytest -n auto

lint: $(ENVIRONMENT) ## Check style, format and types of the code, and the workflow
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check workflow
	snakemake --lint

format: $(ENVIRONMENT) ## Format the code
	ruff check --fix .
	ruff format .
	snakefmt workflow

bench: $(ENVIRONMENT) ## Measure each case against a reference implementation (ARCHIVE= and SHA256= as for study)
	PYTHONPATH=scripts python benchmarks/run.py $(call option,--archive,ARCHIVE) $(if $(value ARCHIVE),--study) $(call option,--sha256,SHA256)

bench-compare: $(ENVIRONMENT) ## List the cases that became slower than noise since the last commit measured on this machine
	@python benchmarks/history.py

docs: $(ENVIRONMENT) ## Build the documentation site in site/; write its generated pages first
	@cifarbench docs --folder docs
	@NO_MKDOCS_2_WARNING=1 mkdocs build --quiet
	@echo "Open site/index.html"

clean-checkpoints: ## Delete the checkpoints of all trainings
	rm -rf $(foreach folder,results/* results/*/*,$(folder)/checkpoints $(folder)/split_*/checkpoints)

$(ENVIRONMENT): requirements.txt pyproject.toml $(if $(WORKS),,new-environment)
	@rm -f $@
	.venv/bin/python -m pip install --quiet --disable-pip-version-check $(TORCH_OPTIONS) -r requirements.txt
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# A link to an environment in another folder is removed; its target stays.
new-environment:
	@$(call quote,$(PYTHON)) -c "import sys; sys.exit('Python 3.11 or newer is needed; name it by PYTHON=' if sys.version_info < (3, 11) else 0)"
	@echo "The packages of requirements.txt will be installed from PyPI into .venv: about 6 GB on Linux on x86, where"
	@echo "PyTorch brings libraries for GPUs, about 2 GB elsewhere or with TORCH=cpu. This takes some minutes and happens once."
	@rm -rf .venv
	@$(call quote,$(PYTHON)) -m venv .venv
