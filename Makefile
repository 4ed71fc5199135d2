# Two commands matter: `make demo` and `make test`. Each sets up all it needs on a machine with Python 3.11 and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PARTS := contract edge cloud slotting dashboards simulators
UV := .venv/bin/uv
ALONE := .venv-alone
WORKERS ?= 4
DATA ?= demo-data
# Most tests wait for other programs, so more of them run than there are cores. A file's tests stay together, as they
# share servers; files begin in the order of tests/conftest.py.
PARALLEL = -n $(WORKERS) --dist loadfile --no-loadscope-reorder
test-contract test-dashboards test-slotting: WORKERS = 2

export UV_PYTHON_DOWNLOADS := never
# The tests start hundreds of interpreters: let them find what the first one compiled.
unexport VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

.PHONY: demo test ready setup environment compiled check check-style check-types check-arrows format clean $(PARTS:%=test-%) test-house test-end_to_end

demo: setup ## everything on one box; make demo ARGS="--for 60s --orders FILE.csv.gz"
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/tagdock-sim demo $(ARGS)

test: ready $(PARTS:%=test-%) test-house test-end_to_end ## every check and every test

setup: environment compiled ## .venv with all parts and tools, as locked

environment:
	@$(PYTHON) scripts/bootstrap.py
	@$(UV) sync --locked --quiet --all-packages --all-extras --group dev

compiled: environment
	@.venv/bin/python -m tagdock_slotting.compiling

CHECKS = check-style check-types check-arrows
AT_ONCE = --no-print-directory --output-sync=target -j3

check: environment ## lint, format, types, arrows between the parts
	@$(MAKE) $(AT_ONCE) $(CHECKS)

# Compiling keeps one core busy for half a minute, and mypy another.
ready: environment
	@$(MAKE) $(AT_ONCE) $(CHECKS) compiled

check-style:
	.venv/bin/ruff check
	.venv/bin/ruff format --check

check-types:
	.venv/bin/mypy

check-arrows:
	.venv/bin/lint-imports --no-cache

# A part's tests run in an environment that holds only what the part itself declares: an undeclared import fails here.
$(PARTS:%=test-%): test-%: setup
	@UV_PROJECT_ENVIRONMENT=$(ALONE)/$* $(UV) sync --locked --quiet --package tagdock-$* --group test
	$(ALONE)/$*/bin/python scripts/try_tests.py tests/$* $(PARALLEL) $(PYTEST_ARGS)

IN_HOUSE = PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python scripts/try_tests.py

test-house: setup
	$(IN_HOUSE) tests/house $(PARALLEL) $(PYTEST_ARGS)

# Whole docks that are simulated live come one after the other, with the machine for themselves: who simulates readers
# too slowly is seen as a reader that reports too late.
test-end_to_end: setup
	$(IN_HOUSE) tests/end_to_end -m "not alone" $(PARALLEL) $(PYTEST_ARGS)
	$(IN_HOUSE) tests/end_to_end -m alone $(PYTEST_ARGS)

format: setup ## bring the code into the house's style
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

clean: ## remove what the commands above have made, but no data
	rm -rf .venv $(ALONE) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-artefacts
