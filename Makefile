# Everything from a fresh clone: `make demo` shows what it does, `make test` that it works,
# `make hermes` that it works in the real hermes-agent.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Most of what comes along is never imported: compiling it all takes half of the time.
INSTALL = -m pip install --quiet --disable-pip-version-check --no-compile
EXTRAS ?= dev
# Where it is set, each of the many processes would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check hermes bench samples clean

$(VENV)/.installed-%: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (about a minute)"
	@$(BIN)/python $(INSTALL) -c constraints.txt -e '.[$*]'
	@# Its format checks need no PyTorch, which its dependencies would bring.
	@test $* != dev || $(BIN)/python $(INSTALL) --no-deps trl==1.16.0
	@touch $@

.venv-hermes/.installed: pyproject.toml constraints-hermes.txt
	@test -x .venv-hermes/bin/python || $(PYTHON) -m venv .venv-hermes
	@.venv-hermes/bin/python $(INSTALL) -c constraints-hermes.txt -e '.[hermes,mcp]'
	@touch $@

demo: $(VENV)/.installed-demo
	$(BIN)/evennia-world demo --out runs/demo

check: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check
	$(BIN)/python -m pytest -n 4 --dist loadscope --durations 12
	@sh .ci/second-interpreter '$(BIN)/python'

hermes: $(VENV)/.installed-dev .venv-hermes/.installed
	EVENNIA_HERMES_PYTHON=$(CURDIR)/.venv-hermes/bin/python \
		$(BIN)/python -m pytest -n 2 --dist load tests/e2e/test_hermes.py

bench: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/evennia-world bench world

samples: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/python -m environments.cli.samples

clean:
	rm -rf .venv .venv-* runs build *.egg-info
