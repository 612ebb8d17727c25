# make help says what each target does.
.DEFAULT_GOAL := help
.PHONY: help setup browser run worker test bench crash check
MAKEFLAGS += --no-print-directory
PYTHON := .venv/bin/python
READY := .venv/.ready

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## Start portal and worker (PORT=8501); the first time, set everything up
	@PORT=$${PORT:-8501} exec $(PYTHON) app.py

worker: $(READY) ## Run one more worker, here or on another machine
	@exec $(PYTHON) -m services worker

test: $(READY) browser ## Run every test, browser tests too (ONLY=tests/db for some)
	@$(PYTHON) -m pytest -q --no-header -n 2 --dist loadfile --no-loadscope-reorder $(ONLY)

crash: $(READY) ## Kill worker and database at N instants of what moves and destroys (N=1000)
	@CRASHES=$${N:-1000} $(PYTHON) -m pytest -q --no-header -s \
	  tests/services/test_moving_killed.py tests/services/test_server_killed.py

check: $(READY) ## Check format, lint, types, imports between rooms, and migrations
	@$(PYTHON) -m ruff format --quiet --check .
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports --no-logo
	@$(PYTHON) -m services migrate --check

bench: $(READY) ## Measure beside stock Streamlit and bare queries (ONLY=pages for some; BIG=1: a million members)
	@$(PYTHON) -m bench $(ONLY) $(if $(BIG),--big)

setup: $(READY) ## Make .venv with everything pinned (needs Python 3.11 or newer)
	@echo "Everything is set up: $(PYTHON)"

browser: $(READY) ## Find a Chromium for the browser tests, or install one
	@$(PYTHON) tests/browser/setup_browser.py

# Touched last, so that an interrupted set-up is done again.
$(READY): requirements.txt .ci/constraints.txt
	@found=; for name in python3.11 python3.12 python3.13 python3; do \
	  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "Python 3.11 or newer is needed." >&2; exit 1; fi; \
	echo "Setting up .venv with $$found; this takes a minute or two, once."; \
	$(PYTHON) -m pip --version >/dev/null 2>&1 || $$found -m venv --clear .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check \
	  -r requirements.txt -c .ci/constraints.txt
	@touch $@
