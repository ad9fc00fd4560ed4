# perpconsole: make run opens the console, make test sets up and checks everything. Both work from a fresh checkout.
.DEFAULT_GOAL := help
.PHONY: help run test official check pythons bench bench-setup chaos rehearse replay pictures pins clean lint types imports
.DELETE_ON_ERROR:

BIN := .venv/bin
PY := $(BIN)/python
PYTEST := $(PY) -m pytest -q
# Tests of processes and sockets wait more than they work: two workers a core (a gigabyte each) keep the cores busy.
WORKERS ?= $(shell expr 2 \* $$(nproc 2>/dev/null || echo 1))
CODE := app core screens configs tests tools
HAVE := $(wildcard $(CODE))

RUN_STAMP := .venv/.stamp-run
DEV_STAMP := .venv/.stamp-dev
LAB_STAMP := .venv/.stamp-lab
PINS := pyproject.toml constraints.txt

# Sets must not change the order of anything between two runs.
export PYTHONHASHSEED := 0

help:
	@echo "make run           open the console on the paper venue"
	@echo "make test          everything: lint, types, import rules, all tests"
	@echo "make check         the quick loop: lint, types, import rules, fast tests"
	@echo "make pythons       the fast tests on the other supported Pythons that are found here"
	@echo "make bench         measure (tests/bench); make bench-setup installs what it compares with"
	@echo "make chaos         10,000 seeds of faults, 300 kills, 1,600 starts, every planted bug (PART=seeds|kills|starts|bugs)"
	@echo "make rehearse      live rounds under faults, four runs of ten minutes: each dialect, both, a pair (MINUTES=n)"
	@echo "make replay SEED=n repeat one simulation seed, byte for byte"
	@echo "make pictures      draw docs/pictures anew from real paper cores (three minutes)"
	@echo "make pins          resolve constraints.txt anew; make clean removes .venv and caches"

$(RUN_STAMP): $(PINS)
	@PYTHON="$(PYTHON)" tools/setup.sh run $@

$(DEV_STAMP): $(PINS)
	@PYTHON="$(PYTHON)" tools/setup.sh dev $@

$(LAB_STAMP): $(PINS)
	@PYTHON="$(PYTHON)" tools/setup.sh lab $@

run: $(RUN_STAMP)
	@$(BIN)/perpconsole $(ARGS)

lint: $(DEV_STAMP)
	@echo "lint: format"; $(BIN)/ruff format --quiet --check $(HAVE) \
	  || { echo "Expected formatted files; run: $(BIN)/ruff format $(HAVE)"; exit 1; }
	@echo "lint: rules"; $(BIN)/ruff check --quiet $(HAVE)
	@echo "lint: house rules"; $(PY) -m tools.lint_rules

types: $(DEV_STAMP)
	@echo "types: mypy --strict core"; $(BIN)/mypy --no-error-summary

imports: $(DEV_STAMP)
	@echo "imports: who may import whom"; \
	  out=$$($(BIN)/lint-imports --cache-dir .import_linter_cache 2>&1) || { echo "$$out"; exit 1; }

check: lint types imports
	@echo "tests: the fast ones"; $(PYTEST) -n $(WORKERS) -m "not slow and not tmux" $(ARGS)

# Clients that nobody here wrote, each in an environment of its own; where they cannot be had their tests skip by name.
OFFICIAL := tests/venues/official
official: $(DEV_STAMP)
	@for name in binance hyperliquid; do stamp=.venv-$$name/.stamp; \
	  [ $$stamp -nt $(OFFICIAL)/setup_$$name.sh ] && continue; \
	  $(OFFICIAL)/setup_$$name.sh && touch $$stamp || echo "set-up: no official client of $$name here: skipped"; done

test: lint types imports official
	@echo "tests: all"; $(PYTEST) -n $(WORKERS) --dist worksteal $(ARGS)

pythons:
	@WORKERS=$(WORKERS) tools/pythons.sh $(ARGS)

bench: $(DEV_STAMP)
	@$(PY) -m tests.bench $(ARGS)

bench-setup: $(DEV_STAMP)
	@PYTHON311="$(PYTHON311)" PYTHON312="$(PYTHON312)" tests/bench/setup.sh

chaos: $(DEV_STAMP)
	@$(PY) -m tests.chaos $(if $(PART),--part $(PART)) $(ARGS)

rehearse: $(DEV_STAMP)
	@for dialect in binance_usdm hyperliquid both pair; do \
	  $(PY) -m tests.rehearsal --minutes $(or $(MINUTES),10) --dialect $$dialect || exit 1; done

replay: $(DEV_STAMP)
	@test -n "$(SEED)" || { echo "Expected a seed, was nothing: make replay SEED=17"; exit 1; }
	@PERP_TEST_SEED=$(SEED) $(PYTEST) tests/simulation -x $(ARGS)

pictures: $(DEV_STAMP)
	@$(PY) -m tools.readme_pictures $(ARGS)

pins: $(DEV_STAMP)
	@$(PY) -m tools.pin

clean:
	@rm -rf .venv .venv-* build dist ./*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find $(HAVE) -name __pycache__ -type d -prune -exec rm -rf {} +
