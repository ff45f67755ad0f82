# make demo   what lossaudit reads in the examples, then what it sees when one of them is run
# make test   linters, types, import contract, tests
# make zoo    the prover before every loss of the public zoo: what it decides, and how fast
# make cards  derives the card of every loss again, and says which changed
# make docs   builds the documentation in build/docs, for a browser, without a network
# make clean  removes what the two have made

# The first Python that is new enough; choose another by `make demo PYTHON=/path/to/python3.12`.
CANDIDATES = python3 python3.14 python3.13 python3.12 python3.11
NEW_ENOUGH = -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
PYTHON ?= $(shell for p in $(CANDIDATES); do $$p $(NEW_ENOUGH) && { command -v $$p; break; }; done)

FRAMEWORKS = torch, sklearn, lightning, transformers, accelerate, IPython, jax, optax, flax, keras, cvxpy, statsmodels, zensical, joblib, distributed

.PHONY: demo test zoo cards docs clean python
.NOTPARALLEL:

demo: python
	@echo "lossaudit lint examples    (reads the text, runs nothing, needs nothing but Python)"
	@echo
	@PYTHONPATH=src "$(PYTHON)" -m lossaudit lint --exit-zero --isolated examples
	@echo
	@echo "Now the same script is run; for that an environment with PyTorch is made."
	@"$(PYTHON)" tools/environment.py demo
	@.venv/bin/lossaudit run --with-fix examples/legacy_migration_fixed.py examples/legacy_migration.py
	@echo
	@echo "The report is $(CURDIR)/lossaudit-report.html: open it in a browser."
	@echo "The environment: . .venv/bin/activate"
	@echo "Try next:"
	@echo "  lossaudit run examples/raw_pixels.py"
	@echo "  lossaudit explain mse-on-softmax"
	@echo "  lossaudit draw mse:softmax cross_entropy zero_one"
	@echo "  lossaudit audit examples/digits_audit.py:legacy --held-out"
	@echo "  lossaudit compare --losses mse:softmax,ce,focal"
	@echo "  lossaudit choose"
	@echo "  lossaudit rules"

test: python
	@"$(PYTHON)" tools/environment.py test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyrefly check
	.venv/bin/lint-imports
	@KERAS_BACKEND=jax .venv/bin/python -c "import $(FRAMEWORKS)"  # without one its tests would be skipped, and nobody would know
	@for name in $$LOSSAUDIT_CHROMIUM chromium chromium-browser google-chrome; do \
	  command -v $$name >/dev/null && exit 0; \
	done; echo "No Chromium here: the browser tests are skipped."
	.venv/bin/python -m pytest -n 2 --dist loadgroup

zoo: python
	@"$(PYTHON)" tools/environment.py test
	@.venv/bin/python -m tests.zoo

cards: python
	@"$(PYTHON)" tools/environment.py test
	@.venv/bin/python tools/cards.py

docs: python
	@"$(PYTHON)" tools/environment.py test
	@.venv/bin/python tools/docs.py build/docs
	@echo "Open build/docs/index.html in a browser."

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache lossaudit-compare* lossaudit-report*.html lossaudit-picture*

python:
	@"$(PYTHON)" $(NEW_ENOUGH) || { \
	  echo "lossaudit needs Python 3.11 or newer, and '$(or $(PYTHON),python3)' is not: install one, or name it by 'make demo PYTHON=/path/to/python3.12'." >&2; \
	  exit 1; }
