# The two commands of the README are `make demo` and `make test`. Each sets up what it needs, and neither does it twice.
# Plain rules, a command to a line: this works with every make, also the old one of macOS.

SHELL := bash
BIN := .venv/bin
# nbgrader looks for `alembic` on the PATH; the tests start `coursekit` and `jupyter` by name.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help demo test lint build bench frameworks lock clean tools-demo tools-test

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

demo: tools-demo .venv/stamp  ## a class of 24 students from release to grades and feedback
	@echo "== demo: build, release, simulate a class, grade it"
	@$(BIN)/coursekit demo

test: tools-test .venv/stamp  ## everything that must hold: style, boundaries, generated files, tests
	@scripts/lint
	@echo "== build --check: are the generated files what the sources give?"
	@$(BIN)/coursekit build --check
	@echo "== pytest"
	@$(BIN)/pytest -n 2 --dist loadfile

lint: .venv/stamp  ## style (ruff) and who may import whom (import-linter)
	@scripts/lint

build: .venv/stamp  ## make the notebooks and recordings from their sources
	@$(BIN)/coursekit build

bench: tools-demo .venv/stamp  ## measure
	@for script in bench/bench_*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

frameworks: .venv/stamp  ## compare the reference with PyTorch, Optax and Keras (large downloads)
	@scripts/frameworks

lock:  ## resolve requirements.lock anew, from pyproject.toml (Python 3.11)
	@scripts/lock

clean:  ## remove caches and build results; never .venv, never a class or its grades
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name '.venv*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# The sandbox is needed wherever something is graded, the browser only by tests.
tools-demo:
	@scripts/need bubblewrap

tools-test:
	@scripts/need bubblewrap chromium

.venv/stamp: pyproject.toml requirements.lock scripts/setup
	@scripts/setup
