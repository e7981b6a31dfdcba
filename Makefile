# `make run` sets everything up and serves http://127.0.0.1:8000; `make test` sets up what tests need and runs them.
# All of it lives in this folder. Stamps depend on the lock files, so a second run installs nothing.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
# On all cores; `make test PYTEST_ARGS="-x tests/areas"` runs one room and stops at the first failure.
PYTEST_ARGS ?= -n auto --dist worksteal
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard eventmgr/translations/*/LC_MESSAGES/*.po))

.DELETE_ON_ERROR:
.PHONY: help run parts setup frontend translations test test-setup lint format torture bench screenshots clean

help:
	@echo "make run          set up and serve http://127.0.0.1:8000 (HOST=..., PORT=...)"
	@echo "make setup        the same without serving: for gunicorn and flask run"
	@echo "make test         set up what tests need and run them all (PYTEST_ARGS=...)"
	@echo "make lint         ruff, ruff format --check, mypy"
	@echo "make format       let ruff mend and format the code"
	@echo "make frontend     get the camera reader and the fonts, once npm can be reached"
	@echo "make torture      10,000 messages on a bad day, workers killed again and again (some 15 minutes)"
	@echo "make bench        print the figures of speed and size"
	@echo "make screenshots  render the main pages into docs/screenshots/"
	@echo "make clean        remove what was installed here (never instance/)"

run: parts
	@exec $(PY) app.py

# --- Set-up -----------------------------------------------------------------------------------------

parts: $(VENV)/runtime static/vendor/complete translations

# All but the start, which app.py also does for itself: for `gunicorn app:app` and `flask --app app run`.
setup: parts
	@$(PY) -m flask --app app db upgrade

translations: $(CATALOGUES)

$(VENV)/made:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		echo "Making $(VENV) ..."; rm -rf $(VENV); \
		"$$python" -m venv $(VENV) || { rm -rf $(VENV); \
			echo "This Python cannot make a virtual environment: install its venv part (Debian: python3-venv)." >&2; exit 1; }; \
		touch $@; exit 0; \
	done; \
	echo "eventmgr needs Python 3.11 or newer: install it and run make again (or name it: PYTHON=/path/to/python3)." >&2; \
	exit 1

$(VENV)/runtime: requirements.txt $(VENV)/made
	@echo "Installing the Python packages ..."
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/runtime
	@echo "Installing the Python packages for tests ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@

# Without npm the app still works; only the camera reader and the fonts are missing.
static/vendor/complete: package-lock.json scripts/frontend-parts | $(VENV)/runtime
	@IF_TRIED=skip scripts/frontend-parts --omit=dev || \
		echo "The camera reader and the fonts could not be fetched with npm: everything else works." \
			"To try again: make frontend"

frontend: $(VENV)/runtime
	@scripts/frontend-parts --omit=dev

# The tests want all of them, and axe-core besides.
node_modules/axe-core/package.json: package-lock.json scripts/frontend-parts | $(VENV)/runtime
	@scripts/frontend-parts
	@touch $@

%.mo: %.po | $(VENV)/runtime
	@$(PY) -m babel.messages.frontend -q compile --input-file $< --output-file $@

# --- Tests and checks -------------------------------------------------------------------------------

test-setup: $(VENV)/dev node_modules/axe-core/package.json translations
	@scripts/test-parts

test: test-setup
	$(PY) -m pytest $(PYTEST_ARGS)

lint: $(VENV)/dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy eventmgr app.py

format: $(VENV)/dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

torture: test-setup
	@$(PY) -m tests.messaging.torture

bench: test-setup
	@$(PY) -m bench

screenshots: test-setup
	@$(PY) -m bench.screenshots

clean:
	rm -rf $(VENV) node_modules static/vendor $(CATALOGUES)
