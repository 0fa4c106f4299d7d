# Consilium: `make run` starts everything with a demo study, `make test` proves it; `make help` lists the rest.
# The newest of Python 3.13, 3.12 and 3.11 that this machine has (Debian 13 has 3.13, Debian 12 has 3.11).
PYTHON ?= $(shell for v in 3.13 3.12 3.11; do python$$v -c "" 2>/dev/null && { echo python$$v; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
STAMP_DEV := $(VENV)/.installed-dev
PORT ?= 8000
export OMP_NUM_THREADS ?= 1
export HF_HUB_OFFLINE := 1
# Tests start hundreds of short processes; without caches each would compile the same modules again.
export PYTHONDONTWRITEBYTECODE :=
PURE := tests/architecture tests/statistics tests/answers tests/states tests/test_canonical_json.py tests/test_atomic_folder.py

.PHONY: help run dev venv test quick coverage soak deploy-test perf perf-peers test-labelstudio lint fix shots clean
.DEFAULT_GOAL := help

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is missing: install python3 and python3-venv."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): requirements.txt requirements-web.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(STAMP_DEV): requirements.txt requirements-web.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(STAMP)

venv: $(STAMP_DEV)  ## The virtual environment with everything a contributor needs

run: $(STAMP)  ## Everything, with a demo study: prints address and accounts (PORT=8000)
	$(BIN)/python manage.py up --demo --port $(PORT)

dev: $(STAMP_DEV)  ## The same on ./var-dev, reloading at every change, with the debug toolbar
	CONSILIUM_HOME=var-dev CONSILIUM_DEBUG=1 DJANGO_SETTINGS_MODULE=consilium.settings_dev \
		$(BIN)/python manage.py up --demo --reload --port $(PORT)

lint: $(STAMP_DEV)  ## Style, types, layers, scripts, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/mypy perf/*.py
	$(BIN)/lint-imports
	$(BIN)/oxlint --deny-warnings static
	$(BIN)/djlint templates --lint --quiet

fix: $(STAMP_DEV)  ## Mend what the linters can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# One more than the cores it is meant for: workers wait for the processes they start, and hardly a core idles.
test: lint  ## Linters and the whole suite; one room: make test ARGS=tests/workqueue
	@scratch=$$($(BIN)/python -m tests.harness.scratch) && trap 'rm -rf "$$scratch"' EXIT \
		&& TMPDIR=$$scratch $(BIN)/pytest -q -n 3 -m "not soak" $(ARGS)

quick: $(STAMP_DEV)  ## The pure rooms and one app, in under a minute
	$(BIN)/ruff check -q .
	$(BIN)/pytest -q -n 2 -m "not soak and not browser and not services" $(PURE) tests/people $(ARGS)

coverage: $(STAMP_DEV)  ## The suite with a report of what it never ran, in htmlcov/
	$(BIN)/pytest -q -n 2 -m "not soak" --cov --cov-report=html --cov-report=term:skip-covered $(ARGS)

soak: $(STAMP_DEV)  ## The long counts: hundreds of kills, races, seeds
	$(BIN)/pytest -q -m soak -o timeout=3600 $(ARGS)

deploy-test: $(STAMP_DEV)  ## A deployment on hosts of its own (root, Linux): 50 people vote, every part is killed once
	$(BIN)/python -m tests.deploy $(ARGS)

perf: $(STAMP_DEV)  ## Every promise about speed, measured, in one table; one measurement: make perf ARGS="--only pages"
	$(BIN)/python perf/table.py $(ARGS)

PEERS := .peers/label-studio/.installed .peers/inspect-ai/.installed

.peers/%/.installed: perf/peers/%.txt | $(VENV)/bin/python
	$(BIN)/python -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

perf-peers: $(PEERS)  ## Label Studio and inspect_ai in environments of their own, for `make perf` to measure beside ours

test-labelstudio: $(STAMP_DEV) .peers/label-studio/.installed  ## The exchange with a real Label Studio, installed apart and started privately
	$(BIN)/python -m tests.annotation.label_studio.live

shots: $(STAMP_DEV)  ## Pictures of every screen in shots/, two sizes, light and dark
	$(BIN)/python -m tests.harness.shots

clean:  ## Remove the virtual environment and the caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache htmlcov .coverage
