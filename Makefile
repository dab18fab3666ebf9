# make demo       the whole job on real text: data, check, train, evaluate, report (minutes; it says how many)
# make demo-quick the same on fewer and shorter texts, in about a minute
# make test       the tests                       make test-all   the slow ones too
# make lint       ruff and pyright                make bench      speed, as ratios against peers
# make pages      stubs and pages made from the source, after a file was added, renamed or given other words
# make clean      remove what these made
#
# Everything is installed into a virtual environment of its own; VENV=... and PYTHON=... choose others.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install -c constraints.txt

.PHONY: demo demo-quick test test-all lint bench pages clean

demo: $(VENV)/.installed-demo
	$(BIN)/maskwright demo

demo-quick: $(VENV)/.installed-demo
	$(BIN)/maskwright demo --quick

test: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow"

test-all: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: $(VENV)/.installed-test
	for script in bench/*.py; do OMP_NUM_THREADS=1 $(BIN)/python $$script || exit 1; done

pages: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python scripts/all_pages.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "maskwright needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing maskwright[$*] into $(VENV) (PyTorch and friends; some minutes the first time) ..."
	$(PIP) --editable ".[$*]"
	@touch $@

clean:
	rm -rf $(VENV) demo dist build .pytest_cache .ruff_cache .hypothesis
