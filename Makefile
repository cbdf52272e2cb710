# Two commands: `make demo` shows the whole pipeline, `make test` checks it. Each makes .venv when it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/cpu.lock
# The lock pins torch without a build tag; a CPU machine wants the CPU build of that very version.
TORCH = $(shell sed -n 's/^torch==\([0-9.]*\).*/torch==\1+cpu/p' $(LOCK))
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu
# Most tests wait for another process most of the time. The tests of one file share their set-up.
TEST_PROCESSES ?= 2
COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --no-header --quiet --upgrade --extra embedded --extra dev \
	--override requirements/overrides.txt

.PHONY: demo test lint bench bench-learning bench-million lock schema clean

demo: $(VENV)/.installed
	$(BIN)/ticketing demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest tests -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed
	$(BIN)/python -m pytest tests/bench --run-bench -m "not learning and not million" -s

bench-learning: $(VENV)/.installed
	$(BIN)/python -m pytest tests/bench --run-bench -m learning -s

bench-million: $(VENV)/.installed
	$(BIN)/python -m pytest tests/bench --run-bench -m million -s

lock: $(VENV)/.installed
	$(COMPILE) --extra cpu --override requirements/overrides-cpu.txt -o requirements/cpu.lock
	$(COMPILE) --extra gpu -o requirements/gpu.lock

schema: $(VENV)/.installed
	TICKETING_HOME=$$(mktemp -d) sh -c \
		'$(BIN)/ticketing db upgrade && $(BIN)/ticketing db schema > sql/schema.sql.new && rm -rf "$$TICKETING_HOME"'
	mv sql/schema.sql.new sql/schema.sql

clean:
	rm -rf $(VENV) .ticketing .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info

$(VENV)/.installed: $(LOCK) pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14) and 'Python 3.11, 3.12 or 3.13 is needed, this is ' + sys.version)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-deps $(TORCH) || $(BIN)/pip install --quiet --no-deps --index-url $(TORCH_CPU_INDEX) $(TORCH)
	$(BIN)/pip install --quiet --no-deps -r $(LOCK)
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@
