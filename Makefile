# Verbs only. Nothing needs activating: every verb uses .venv, and makes it when it is missing or out of date.

.DEFAULT_GOAL := help
.PHONY: help setup demo test sim coverage e2e check docs bench clean

BIN := .venv/bin
READY := .venv/.ready

help:  ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup: $(READY)  ## .venv with ftops and its tools

$(READY): pyproject.toml scripts/setup
	@scripts/setup
	@touch $@

demo: $(READY)  ## the main job end to end, on the embedded emulator
	@$(BIN)/python scripts/demo.py

test: $(READY)  ## the tests
	@$(BIN)/python -m pytest -n 2 $(ARGS)

sim: $(READY)  ## never pays twice: SEEDS=10000 drawn histories, every crash point, every pair
	@$(BIN)/python -m simulation $(if $(SEEDS),--seeds $(SEEDS)) $(ARGS)

coverage: $(READY)  ## every branch of the ledger, the paid path and the classifier: red under 100 %
	@$(BIN)/python -m coverage run -m pytest tests/ledger tests/executor tests/azure $(ARGS)
	@$(BIN)/python -m coverage report

e2e: $(READY)  ## what takes minutes or needs other environments
	@$(BIN)/python -m pytest -m e2e $(ARGS)

check: $(READY)  ## format, lint, types, import contracts, sizes, docs in step
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/sizes.py
	@$(BIN)/python scripts/reference.py --check
	@$(BIN)/python scripts/emulator_page.py --check

docs: $(READY)  ## docs/reference from the code, and the output shown in pages from real runs
	@$(BIN)/python scripts/reference.py
	@$(BIN)/python scripts/emulator_page.py
	@$(BIN)/python scripts/transcripts.py --write

bench: $(READY)  ## how long things take, beside an empty Python and terraform
	@$(BIN)/python benchmarks/run.py $(ARGS)

clean:  ## everything that setup, tests and runs have made
	@rm -rf .venv .ftops .coverage build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
