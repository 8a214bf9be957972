# Everything a newcomer or CI runs. `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

ENCODER_VENV := .venv-encoder
UNIT := tests/unit
REST := tests/acceptance tests/corpus tests/integration

.PHONY: setup demo test lint audit soak endurance workers month kills mutations bench encoder

setup: $(STAMP)

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("triage needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV) (once; about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP)
	@$(BIN)/triage demo

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Unit tests beside those that wait for servers and browsers, which halves the time on two cores;
# what the first say is printed when both are done.
test: lint
	@log=$$(mktemp); $(BIN)/python -m pytest $(UNIT) >$$log 2>&1 & unit=$$!; \
	$(BIN)/python -m pytest $(REST); rest=$$?; \
	wait $$unit; unit=$$?; cat $$log; rm -f $$log; [ $$rest -eq 0 ] && [ $$unit -eq 0 ]

# Pins, declarations, licences, and what the package registry says of the pins; see docs/security.md.
# For a release, STRICT=--strict: a registry that does not answer is no success then.
audit: $(STAMP)
	@$(BIN)/python -m tests.audit $(STRICT)

# Kill -9 at every step between servers that misbehave, then balance all books: about a second and a
# half for each kill on two quiet cores. `make soak KILLS=1000 SEED=7`; no SEED: one is drawn and said.
KILLS := 200
soak: $(STAMP)
	@$(BIN)/python -m tests.soak --kills $(KILLS) $(if $(filter command line,$(origin SEED)),--seed $(SEED))

# Four programs on one PostgreSQL, of which one after another is killed (20) or frozen (5), and the
# database restarted: about eight minutes. The books of all servers must balance.
workers: $(STAMP)
	@$(BIN)/python -m tests.workers

# Traffic at speed for MINUTES, with memory, handles and threads sampled: none may grow.
MINUTES := 10
endurance: $(STAMP)
	@$(BIN)/python -m tests.soak.endurance --minutes $(MINUTES) --seed $(SEED)

# A month of 2,000 mails with absences, holidays, a change of the clocks and restarts, told line by
# line and held against what an independent oracle expects: about a minute. Other months: SEED=7
SEED := 0
month: $(STAMP)
	@$(BIN)/python -m tests.month --seed $(SEED)

# Kill -9 in every phase of training and promotion, a hundred times: about three minutes.
kills: $(STAMP)
	@$(BIN)/python -m tests.kills --kills 100

# Fifty thousand damaged mails, from bytes to brief, a process a core: a quarter of an hour on two
# quiet ones. Needs the folder of hard mails.
mutations: $(STAMP)
	@$(BIN)/python -m tests.mutations --count 50000 --seed $(SEED)

bench: $(STAMP)
	@$(BIN)/python -m bench

# Tunes the sentence encoder anew: about an hour on two cores, and torch in a venv of its own. The
# locked build of torch brings some gigabytes for graphics cards, which nothing here needs.
encoder: $(ENCODER_VENV)/.ready
	@$(ENCODER_VENV)/bin/python -m classifiers.encoder_build

$(ENCODER_VENV)/.ready: requirements-encoder.txt
	@$(PYTHON) -m venv $(ENCODER_VENV)
	@$(ENCODER_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-encoder.txt
	@touch $@
