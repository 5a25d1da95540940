# Every task of the project; CI runs these and nothing else. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Processes that share the tests, each with servers of its own; 0 is this one alone.
WORKERS ?= $(if $(PG_TIDE_TEST_POSTGRES),0,2)
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

.PHONY: help
help: ## list the tasks
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-18s %s\n", $$1, $$2}'

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed (make PYTHON=python3.12 …)")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

.PHONY: demo
demo: $(VENV)/installed ## publish, relay and consume, live in this terminal (ARGS="--seconds 20")
	@$(BIN)/pg-tide demo $(ARGS)

.PHONY: test
test: unit integration $(if $(CI),integration-oldest) acceptance ## every test, on a real PostgreSQL and a real Apache Kafka

.PHONY: check
check: lint types generated wheel ## style, types, generated files, and the wheel in an empty environment

.PHONY: unit
unit: $(VENV)/installed ## tests without I/O
	$(PYTEST) tests/unit $(ARGS)

.PHONY: integration
integration: $(VENV)/installed ## the contracts, and SQL on PostgreSQL 18
	$(PYTEST) tests/contract tests/integration $(ARGS)

# Tests that never connect to PostgreSQL.
KAFKA_ALONE := tests/contract/test_producer.py tests/integration/test_embedded_kafka.py \
	tests/integration/test_schema_registry.py tests/integration/test_foreign_readers.py \
	$(patsubst %,tests/integration/test_kafka_%.py,client ending oauth reach refusals security server sessions)

.PHONY: integration-oldest
integration-oldest: $(VENV)/installed ## the SQL on PostgreSQL 13, the oldest supported; CI runs it
	HYPOTHESIS_PROFILE=brief PG_TIDE_TEST_POSTGRES_VERSION=13 $(PYTEST) tests/contract tests/integration \
		$(KAFKA_ALONE:%=--ignore=%) $(ARGS)

.PHONY: acceptance
acceptance: $(VENV)/installed ## the pg-tide process between PostgreSQL and Apache Kafka
	$(PYTEST) tests/acceptance $(ARGS)

.PHONY: test-thoroughly
test-thoroughly: $(VENV)/installed ## properties alone, each with twenty times as many examples
	HYPOTHESIS_PROFILE=thorough $(PYTEST) tests/unit tests/integration/test_config_verdicts.py $(ARGS)

.PHONY: chaos
chaos: $(VENV)/installed ## faults of every kind, and what they cost (ARGS="--minutes 30 --seed 7")
	$(BIN)/python -m tests.chaos $(ARGS)

$(VENV)/bench: $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --editable '.[dev,bench]'
	@touch $@

.PHONY: bench
bench: $(VENV)/bench ## what it does a second, and what that costs (ARGS="drain --messages 100000")
	$(BIN)/python -m tests.benchmarks $(ARGS)

.PHONY: format
format: $(VENV)/installed ## rewrite the code in the project's style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lint
lint: $(VENV)/installed ## style and common mistakes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: types
types: $(VENV)/installed ## mypy, strict, over package, tests and tools
	$(BIN)/mypy

.PHONY: generate
generate: $(VENV)/installed sql-snapshot ## write every file that is made from another
	$(BIN)/python -m tools.generate

.PHONY: sql-snapshot
sql-snapshot: $(VENV)/installed ## write sql/schema.sql from the migrations
	$(BIN)/python -m tools.sql_snapshot

.PHONY: generated
generated: $(VENV)/installed
	$(BIN)/python -m tools.generate --check
	$(BIN)/python -m tools.sql_snapshot --check

.PHONY: wheel
wheel: $(VENV)/installed
	$(BIN)/python -m tools.wheel_check

.PHONY: clean
clean: ## remove the virtual environment and every cache
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
