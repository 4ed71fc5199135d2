# Two commands matter: `make demo` and `make test`. Each sets up all it needs on a machine with Python 3.11 and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PARTS := contract edge cloud slotting dashboards simulators
UV := .venv/bin/uv
ALONE := .venv-alone
WORKERS ?= 2
DATA ?= demo-data
# Most tests wait for other programs; a file's tests stay together, as they share servers. End to end the programs need
# the machine for themselves: who simulates readers too slowly is seen as a reader that reports too late.
PARALLEL = -n $(WORKERS) --dist loadfile
test-end_to_end: PARALLEL =

export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV

.PHONY: demo test setup check format clean $(PARTS:%=test-%) test-house test-end_to_end

demo: setup ## everything on one box; make demo ARGS="--for 60s --orders FILE.csv.gz"
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/tagdock-sim demo $(ARGS)

test: check $(PARTS:%=test-%) test-house test-end_to_end ## every check and every test

setup: ## .venv with all parts and tools, as locked
	@$(PYTHON) scripts/bootstrap.py
	@$(UV) sync --locked --quiet --all-packages --all-extras --group dev

check: setup ## lint, format, types, arrows between the parts
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

# A part's tests run in an environment that holds only what the part itself declares: an undeclared import fails here.
$(PARTS:%=test-%): test-%: setup
	@UV_PROJECT_ENVIRONMENT=$(ALONE)/$* $(UV) sync --locked --quiet --package tagdock-$* --group test
	$(ALONE)/$*/bin/python -m pytest tests/$* $(PARALLEL) $(PYTEST_ARGS)

test-house test-end_to_end: test-%: setup
	PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m pytest tests/$* $(PARALLEL) $(PYTEST_ARGS)

format: setup ## bring the code into the house's style
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

clean: ## remove what the commands above have made, but no data
	rm -rf .venv $(ALONE) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-artefacts
