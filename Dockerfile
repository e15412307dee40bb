# The workflow with its packages: docker build --tag cifarbench .
FROM python:3.12-slim

# Snakemake runs jobs in bash; git sends a clone's files to jobs on Kubernetes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*

# PyTorch's small wheels for CPUs; --build-arg TORCH_OPTIONS= installs those with GPU libraries.
ARG TORCH_OPTIONS="--extra-index-url https://download.pytorch.org/whl/cpu"

WORKDIR /cifarbench
COPY requirements.txt ./
RUN pip install --no-cache-dir $TORCH_OPTIONS -r requirements.txt \
    snakemake-executor-plugin-kubernetes==0.5.1
COPY . .
RUN pip install --no-cache-dir --no-deps --editable .

CMD ["snakemake", "--cores", "all", "--configfile", "config/digits.yaml"]
