# The two commands that matter: `make demo` and `make test`. Both set up everything that they need in .venv.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALLED := .venv/installed

# Importing without bytecode is two to three times slower in every stage.
unexport PYTHONDONTWRITEBYTECODE
export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint check-types unit bench bench-contract bench-gate damage differential experiments requirements pipeline clean help

help: ## Show what can be made.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s '	'

demo: $(INSTALLED) ## The main job on real data; KEEP=1 leaves the endpoint up.
	@$(BIN)/mltoolkit demo mltoolkit-demo $(if $(KEEP),--keep)

test: lint check-types unit ## Lint, layers, types and tests.

lint: $(INSTALLED) ## Style and layers.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo

check-types: $(INSTALLED) ## Types.
	$(BIN)/mypy

unit: $(INSTALLED) ## Tests.
	$(BIN)/pytest -n 2

bench: $(INSTALLED) ## Ratios against a peer or a floor, in one run.
	$(BIN)/python benchmarks/speed.py

bench-contract: $(INSTALLED) ## The same for the data contract, beside Great Expectations; ROWS=n for one size.
	$(BIN)/python benchmarks/contract.py $(ROWS)

damage: $(INSTALLED) ## Ten thousand damaged inputs of the gate (about ten minutes).
	MLTOOLKIT_DAMAGE=10000 $(BIN)/pytest -q -n 2 --timeout 0 tests/e2e/test_damage.py

bench-gate: $(INSTALLED) ## The same for the gate on a million rows, beside scipy's bootstrap; ROWS=n for another size.
	$(BIN)/python benchmarks/gate.py $(ROWS)

differential: $(INSTALLED) ## The scan against Great Expectations, on all 60,000 generated cases (about an hour).
	MLTOOLKIT_DIFFERENTIAL=1 $(BIN)/pytest -q -n 2 --timeout 0 tests/contract/gallery

experiments: $(INSTALLED) ## What the gate's statistics promise, shown on real days and on made-up rows (about an hour).
	@for name in coverage days noise reuse stopping november; do \
		echo "== $$name"; $(BIN)/python -m experiments.$$name || exit; done

pipeline: $(INSTALLED) ## Reproduce the flagship pipeline here.
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/dvc repro

$(INSTALLED): requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python 3.11 on PATH; name one: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Hashed, for every Python and platform that we support, without a line that names an index.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header

requirements: $(INSTALLED) ## Compile requirements/ anew from pyproject.toml.
	$(COMPILE) pyproject.toml --group dev --extra demo -o requirements/dev.txt
	$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/core.txt
	$(COMPILE) pyproject.toml --extra gx -c requirements/dev.txt -o requirements/gx.txt
	$(COMPILE) pyproject.toml --extra dvc --extra mlflow -c requirements/dev.txt -o requirements/train.txt
	$(COMPILE) pyproject.toml --extra serve -c requirements/dev.txt -o requirements/serve.txt

clean: ## Remove what was built and installed here.
	rm -rf build dist .venv reports
