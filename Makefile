# What people type; CI calls these and nothing else. Needs only make and Python >= 3.11.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MEMBERS := $(wildcard libs/*/pyproject.toml services/*/pyproject.toml)
# Two tests at once: most of a test's time on two cores is waiting for a disk or a broker.
# `loadgroup` keeps the tests of one Kafka in one process.
TEST_OPTIONS ?= -n 2 --dist loadgroup
# What may not be absent: `make test REQUIRE=kafka` fails without Kafka instead of skipping.
REQUIRE ?=
# Passed on to `anji demo`: make demo DEMO_OPTIONS="--customers 500"
DEMO_OPTIONS ?=

# How many seeds of the simulation and how many whole days, from which one on, on how many
# processes: make simulate SEEDS=2000 DAYS=5 SEED=201. All of it takes two cores 40 minutes.
SEEDS ?= 20000
DAYS ?= 50
SEED ?= 1
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
# make lock UPGRADE=1 moves every version; without it only what is new is added.
UPGRADE ?=

# Passed on to the fault suite: make faults FAULTS="--scenario killed --seed 7"
FAULTS ?=

# Passed on to the checks of deploy/: make check-deploy DEPLOY="image --base-image my/python:3.11"
DEPLOY ?=

.PHONY: help setup demo test lint simulate faults bench docs lock sbom check-deploy

help: ## Say what can be made
	@echo "Anji: make TARGET"; \
	grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) \
	  | awk 'BEGIN {FS = ":.*## "} {printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.members ## Make .venv with everything of requirements.lock, and the members in it
	@echo "ready: $(BIN)/anji --help"

demo: $(VENV)/.members ## Make a CRM and an ERP of sand, let a company work in both, and compare them
	@echo "demo: two sandboxes and all services in one process; no Kafka, no Docker"
	@$(BIN)/anji demo $(DEMO_OPTIONS)

test: $(VENV)/.members ## Run all tests; REQUIRE=kafka fails where there is none
	@echo "test: pytest, warnings are errors; with Kafka where one is found or can be started"
	@$(BIN)/pytest $(TEST_OPTIONS) $(if $(REQUIRE),--require=$(REQUIRE))

lint: $(VENV)/.members ## Check form, types, imports and the house rules
	@echo "lint: ruff (all rules), mypy (strict), import contracts, house rules"
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy libs services tests tools
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/house

simulate: $(VENV)/.members ## Run SEEDS seeds of the simulation, and DAYS days; fails if one ends badly
	@echo "simulate: $(SEEDS) seeds and $(DAYS) days, seed $(SEED) and on, on $(JOBS) processes"
	@ended=0; \
	if [ $(DAYS) -gt 0 ]; then $(BIN)/anji simulate --day --seed $(SEED) --seeds $(DAYS) \
	  --jobs $(JOBS) || ended=1; fi; \
	if [ $(SEEDS) -gt 0 ]; then $(BIN)/anji simulate --seed $(SEED) --seeds $(SEEDS) \
	  --jobs $(JOBS) || ended=1; fi; \
	exit $$ended

faults: $(VENV)/.members ## Break real processes, both vendors and Kafka; compare every record
	@echo "faults: real processes, both brokers; FAULTS=\"--scenario killed --seed 7\" repeats one"
	@PYTHONPATH=tests $(BIN)/python -m ordeals $(FAULTS)

bench: $(VENV)/.members ## Measure brokers, mapper, latency, memory and sandbox into docs/performance.md
	@echo "bench: measures this machine and writes docs/performance.md"
	@PYTHONPATH=tests $(BIN)/python -m bench

docs: $(VENV)/.members ## Write the generated pages and tables in docs/ anew
	@echo "docs: generated from the code"
	@$(BIN)/python tools/pages.py

check-deploy: $(VENV)/.members ## Build, run, render and check what is in deploy/
	@echo "check-deploy: needs Docker, Java, Maven and promtool; see deploy/README.md"
	@$(BIN)/python tools/check_deploy.py $(DEPLOY)

lock: $(VENV)/.members ## Resolve the dependencies into requirements.lock; UPGRADE=1 takes the newest
	@echo "lock: versions and hashes of everything, no addresses"
	@$(BIN)/python tools/locked.py lock $(if $(UPGRADE),--upgrade)

sbom: $(VENV)/.members ## Write reports/sbom.cdx.json: what an installation is made of (CycloneDX)
	@$(BIN)/python tools/locked.py sbom reports/sbom.cdx.json

# The stamps make every later run start at once: each step is repeated only when what it came
# from has changed.
$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit("Anji needs Python >= 3.11, this is " + sys.version) if sys.version_info < (3, 11) else None'
	@echo "setup: $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

$(VENV)/.locked: requirements.lock $(BIN)/uv
	@echo "setup: requirements.lock"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.members: $(VENV)/.locked $(MEMBERS)
	@echo "setup: the members, editable"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps $(addprefix -e ,$(dir $(MEMBERS)))
	@touch $@
