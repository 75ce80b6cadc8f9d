# Entry points of the project. Each target prepares .venv when needed, which takes Python 3.11+, make
# and the package registry.

PYTHON ?= python3
DATA ?=
BIN := .venv/bin
RUN := .venv/installed
TEST := .venv/installed-tests
TEST_LOCK := regime_platform_tests/requirements.lock
FAST = $(addprefix regime_platform_tests/,api bar_store compute compute_db manifests model query \
  report revisions sources sql_views studies validation) $(wildcard regime_platform_tests/test_*.py)
# Tests flush thousands of files: in memory, where there is enough, none waits for a disk.
TEMPORARY = $(shell test "$$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt 4000000 \
  2>/dev/null && echo PYTEST_DEBUG_TEMPROOT=/dev/shm)
COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 \
  --generate-hashes --no-header -q

ifneq ($(DATA),)
export REGIME_DATA_ROOT := $(abspath $(DATA))
endif

.PHONY: help setup ccxt studies demo ui test test-fast test-long test-ui screenshots lint format
.PHONY: bench bench-store bench-gates bench-ingest bench-files bench-audit bench-migrate bench-sql
.PHONY: bench-orchestration bench-pass bench-scale bench-studies study-power
.PHONY: docs fuzz chaos soak audit sbom lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-20s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(RUN) ## install the platform into .venv
	@echo "ready: $(BIN)/regime --help"

ccxt: $(RUN) ## add the library for bars of crypto exchanges (40 MB)
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install -q --compile-bytecode --require-hashes \
	  -c $(TEST_LOCK) "$$(grep -o '^ccxt==[^ ]*' $(TEST_LOCK))"

studies: $(RUN) ## add the libraries for `regime study` (250 MB)
	@grep -E '^(arch|scipy|statsmodels)==' $(TEST_LOCK) | sed 's/ \\$$//' > .venv/studies.in
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install -q --compile-bytecode --require-hashes \
	  -c $(TEST_LOCK) -r .venv/studies.in

demo: $(RUN) ## process real bars through the whole Dagster graph to a board and charts [DATA=folder]
	@$(BIN)/regime demo

ui: $(RUN) ## serve the Dagster UI on http://127.0.0.1:3000, stop with Ctrl-C [DATA=folder]
	@$(BIN)/regime ui

test: $(TEST) ## run all tests except those that need a browser; measures branch coverage by some of the quick ones
	@echo "compiling kernels where needed, then testing on all cores"
	@$(BIN)/regime warm
	@$(TEMPORARY) $(BIN)/python -m pytest -n auto --max-worker-restart 0 --dist loadfile --no-loadscope-reorder -q --cov --cov-report=term:skip-covered

test-long: $(TEST) ## run the tests that `make test` leaves out, and its properties on many more examples
	@$(BIN)/regime warm
	@$(TEMPORARY) $(BIN)/python -m pytest -n auto --dist loadfile -q -m "(long or hypothesis) and not ui" \
	  --hypothesis-profile thorough --timeout 0

test-fast: $(TEST) ## run the quick tests that start no process, for the daily loop
	@$(BIN)/regime warm
	@$(TEMPORARY) $(BIN)/python -m pytest -n auto --dist loadfile -q -m "not slow and not long and not ui" $(FAST)

test-ui: $(TEST) ## run the tests of the UI in a real Chromium
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	  { echo "installing Debian's chromium"; \
	    apt-get update -q && apt-get install -qy --no-install-recommends chromium fonts-dejavu-core; }
	@$(TEMPORARY) $(BIN)/python -m pytest -q -m ui regime_platform_tests/ui

screenshots: $(TEST) ## retake the images of docs/images in a real Chromium
	@$(BIN)/python -m regime_platform_tests.ui.screenshots docs/images

fuzz: $(TEST) ## damage inputs of every parser, keep what breaks one [SECONDS=600] [SEED=1] [PARSER=name]
	@$(BIN)/python -m regime_platform_tests.security.fuzz $(and $(SECONDS),--seconds $(SECONDS)) \
	  $(and $(SEED),--seed $(SEED)) $(and $(PARSER),--parser $(PARSER))

chaos: $(TEST) ## do faults to the real program [PART=name] [SEED=1] [SECONDS=600]
	@$(BIN)/python -m regime_platform_tests.chaos.run $(and $(SECONDS),--seconds $(SECONDS)) \
	  $(and $(SEED),--seed $(SEED)) $(and $(PART),--part $(PART))

soak: $(TEST) ## live through quarters of an hour of the core tier, and show what drifts [MINUTES=60]
	@$(BIN)/python -m regime_platform_tests.chaos.load.soak $(and $(MINUTES),--minutes $(MINUTES))

audit: $(TEST) ## check the locked packages for known vulnerabilities and for their licences
	@$(BIN)/python -m regime_platform_tests.supply_chain.audit

sbom: $(TEST) ## list the packages of an installation in dist, as CycloneDX
	@$(BIN)/python -m regime_platform_tests.supply_chain.sbom

docs: $(TEST) ## make the reference and the pictures of docs again
	@$(BIN)/python -m regime_platform_tests.docs

lint: $(TEST) ## check format, lint, types and layers
	@echo "ruff format"; $(BIN)/ruff format --check -q .
	@echo "ruff check"; $(BIN)/ruff check -q .
	@echo "mypy"; $(BIN)/mypy
	@echo "import contracts"; $(BIN)/lint-imports | tail -n 3

format: $(TEST) ## format and fix what can be fixed
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

bench: $(RUN) ## time compute and store on this machine
	@$(BIN)/python -m regime_platform_tests.bench.run

bench-store: $(RUN) ## time an append to a long series on this machine
	@$(BIN)/python -m regime_platform_tests.bench.appending

bench-gates: $(TEST) ## time the gate on this machine
	@$(BIN)/python -m regime_platform_tests.bench.gates

bench-ingest: $(TEST) ## time fetching against a vendor on loopback
	@$(BIN)/python -m regime_platform_tests.bench.ingest

bench-files: $(TEST) ## time the reading of files of users on this machine
	@$(BIN)/python -m regime_platform_tests.bench.files

bench-audit: $(TEST) ## change stored files a thousand times, and count the changes that verify detects
	@$(BIN)/python -m regime_platform_tests.bench.audit

bench-migrate: $(TEST) ## time the migration of legacy stores on this machine [SLICE=whole]
	@$(BIN)/python -m regime_platform_tests.bench.migrate $(SLICE)

bench-sql: $(TEST) ## time SQL over 1,565 symbols [SLICE="--core 6 --daily 144"]
	@$(BIN)/python -m regime_platform_tests.bench.sql $(SLICE)

bench-orchestration: $(TEST) ## time whole passes through Dagster [SLICE="--core 6 --daily 144"]
	@$(BIN)/python -m regime_platform_tests.bench.orchestration $(SLICE)

bench-pass: $(TEST) ## show where passes spend their time [SLICE="--core 2 --daily 40 --against FOLDER"]
	@$(BIN)/python -m regime_platform_tests.bench.passes $(SLICE)

bench-scale: $(TEST) ## show which costs grow with the universe, up to 20,000 symbols
	@$(BIN)/python -m regime_platform_tests.bench.scaling $(SLICE)

bench-studies: $(TEST) ## time every study over daily symbols [SLICE="--symbols 1565"]
	@$(BIN)/python -m regime_platform_tests.bench.studies $(SLICE)

study-power: $(TEST) ## measure how often each study finds planted effects, and planted nothing; writes its docs table
	@$(BIN)/python -m regime_platform_tests.studies.power

lock: $(RUN) ## pin the newest allowed versions by hash
	@$(COMPILE) --upgrade --all-extras --group test -o $(TEST_LOCK)
	@$(COMPILE) --upgrade --extra charts --extra dg --extra legacy --extra metrics --group build \
	  -c $(TEST_LOCK) -o requirements.lock

clean: ## remove .venv and build output; data stays
	@rm -rf .venv build dist

# uv comes from the lock as well: its pinned entry is handed to pip, which checks the hashes.
$(RUN): requirements.lock pyproject.toml
	@echo "preparing .venv (about a minute the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@awk '/^uv==/{on=1} on{print} on&&!/\\$$/{exit}' requirements.lock > .venv/uv.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r .venv/uv.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install -q --compile-bytecode --require-hashes -r requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install -q --no-deps --offline -e .
	@touch $@

$(TEST): $(RUN) $(TEST_LOCK)
	@echo "adding what the tests need"
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install -q --compile-bytecode \
	  --require-hashes -r $(TEST_LOCK)
	@touch $@
