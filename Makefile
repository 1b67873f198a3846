# Everything from a clean checkout: `make demo` to watch it call, `make test` to test it.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
VENV ?= .venv
BIN := $(VENV)/bin
# Most of the tests that take long wait for calls: more of them than processors run at once.
WORKERS ?= 3

.PHONY: help demo test lint setup setup-test system-packages bench clean

help:
	@echo "make demo    call and write to simulated people on this machine and show what came of it"
	@echo "make test    run all tests (installs real peers from Debian when run as root)"
	@echo "make lint    ruff, mypy"
	@echo "make bench   the benchmarks (results in benchmarks/results/)"

$(VENV)/.demo: pyproject.toml
	$(PYTHON) -c 'import sys; v=sys.version_info[:2]; sys.exit(0 if (3,11)<=v<=(3,13) else "Huifang needs Python 3.11, 3.12 or 3.13; this is %d.%d. Set PYTHON=..." % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --only-binary :all: --no-binary huifang,srt -e '.[demo]'
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

setup: $(VENV)/.demo

setup-test: $(VENV)/.test system-packages

system-packages:
	@./tests/install-peers

demo: setup
	$(BIN)/huifang demo

test: setup-test
	$(BIN)/pytest -n $(WORKERS) --dist loadfile

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup-test
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
