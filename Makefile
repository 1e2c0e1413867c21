# Everything from a fresh clone: `make demo` shows what it does, `make test` that it works.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
EXTRAS ?= dev

.PHONY: demo test check second bench samples clean

$(VENV)/.installed-%: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*]'
	@touch $@

demo: $(VENV)/.installed-demo
	$(BIN)/evennia-world demo --out runs/demo

check: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check
	$(BIN)/python -m pytest -n 2 --dist loadscope
	@sh .ci/second-interpreter '$(BIN)/python'

bench: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/evennia-world bench world

samples: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/python -m environments.trajectories.samples

clean:
	rm -rf .venv .venv-* runs build *.egg-info
