# Consilium: `make run` starts everything with a demo study, `make test` proves it. Needs Debian with Python 3.11.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
STAMP_DEV := $(VENV)/.installed-dev
PORT ?= 8000
export OMP_NUM_THREADS ?= 1
export HF_HUB_OFFLINE := 1

.PHONY: run venv test soak perf lint fix shots clean

venv: $(STAMP)

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is missing: install python3.11 and python3-venv."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(STAMP_DEV): requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(STAMP)

run: $(STAMP)
	$(BIN)/python manage.py up --demo --port $(PORT)

lint: $(STAMP_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

fix: $(STAMP_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: lint
	$(BIN)/pytest -q -n 2 --dist loadgroup -m "not soak" $(ARGS)

soak: $(STAMP_DEV)
	$(BIN)/pytest -q -m soak -o timeout=3600 $(ARGS)

perf: $(STAMP_DEV)
	@for script in perf/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

shots: $(STAMP_DEV)
	$(BIN)/python -m tests.harness.shots

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
