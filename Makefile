# Everything you do in this repository has a target here. GNU make 3.81 (the one on macOS) is enough.

LANGUAGES := $(basename $(notdir $(wildcard helpers/language/catalogues/*.mo)))
# The language of the course, for every target: make learn EDITION=ko. Without it, that of the notebooks in my/.
EDITION ?= $(if $(wildcard my/00_*),en,$(or $(firstword $(filter $(LANGUAGES),$(notdir $(wildcard my/*)))),en))
export COURSE_EDITION := $(EDITION)
PYTHON ?= python3
PY := .venv/bin/python
READY := .venv/made-for
TOOLS := .venv/has-tools
DASK := .venv/has-dask
CUPY := .venv/has-cupy
VERBOSE := $(if $(filter 2,$(V)),-vv,$(if $(filter-out 0,$(V)),-v))
HELPERS := $(PY) -m helpers $(VERBOSE)
# Four workers on two cores as well: many tests wait for other processes.
IN_PARALLEL := -n 4 --dist worksteal
# Where there are no tests, in a learner kit, the first thing that a target needs is a sentence that says so.
WHOLE := $(if $(wildcard tests),,whole-course)
IN_A_KIT := help|learn|train|write|progress|visible|restore|update|sweep
SITE_TESTS := -n 2 --dist worksteal tests/browser/test_site.py
# What make itself says goes through this in another language; where Python cannot run yet, it stays English.
IN_EDITION = $(if $(filter-out en,$(EDITION)),| { "$(PYTHON)" -m helpers.language.make_says 2>/dev/null || cat; })

help:  ## Show this list.
	@awk -F ':.*## ' '/^$(if $(WHOLE),($(IN_A_KIT)),[a-z-]+):.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile $(IN_EDITION)
	@awk -F '"' '/^PURPOSES/,/^}/ { if (NF > 3) printf "    PRESET=%-15s %s\n", $$2, $$4 }' helpers/training/presets.py $(IN_EDITION)
	@echo "  With V=1 a command also logs what it does, with V=2 in detail: make train V=1." $(IN_EDITION)

learn: $(READY)  ## Open your own copies of the notebooks, in my/, in JupyterLab. EDITION=ko: in Korean. PORT=8890, BROWSER=none.
	@$(HELPERS) learn $(if $(PORT),--port "$(PORT)") $(if $(filter none,$(BROWSER)),--no-browser)

test: $(WHOLE) $(TOOLS)  ## Check style, types and notebooks, and run the tests. ARGS= goes to pytest, e.g. ARGS="tests/nn -x".
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(HELPERS) lint-notebooks
	@$(PY) -m pytest $(or $(ARGS),$(IN_PARALLEL))

test-all: $(WHOLE)  ## Run `make test`, and then all that it leaves out: about an hour on two cores.
	@$(MAKE) test ARGS=
	@$(MAKE) test-more

test-more: $(WHOLE) $(TOOLS) $(DASK)  ## Run what `make test` leaves out: other random draws, long notebooks, the cluster, the hub, the whole site.
	@$(PY) -m pytest -m "seeds or slow" $(IN_PARALLEL)
	@$(MAKE) -j 2 test-cluster test-hub ARGS=
	@$(MAKE) test-site ARGS="$(SITE_TESTS) -k 'not axe'"

lint-notebooks: $(WHOLE) $(READY)  ## Check the parts of the notebooks, their order and their length.
	@$(HELPERS) lint-notebooks $(NB)

WHOSE = $(if $(LAYERS),--layers "$(LAYERS)")

train: $(READY)  ## Train the full language model. LAYERS=my takes your own layers, DEVICE=cuda a GPU. PRESET=long, CORPUS=ptb or a text, ARGS="--help".
	@$(HELPERS) train $(if $(PRESET),--preset "$(PRESET)") $(if $(CORPUS),--corpus "$(CORPUS)") $(WHOSE) \
	    $(if $(DEVICE),--device "$(DEVICE)") $(if $(PROMPT),--prompt "$(PROMPT)") $(ARGS)

write: $(READY)  ## Let the model of a finished run write: RUN=runs/sotu-standard-seed0, PROMPT="my fellow americans".
	@$(HELPERS) write "$(RUN)" $(if $(PROMPT),--prompt "$(PROMPT)") $(WHOSE) $(ARGS)

notebooks: $(READY)  ## Derive the notebooks from solutions/*/*.py, all of them or one: NB=01.
	@$(HELPERS) notebooks $(NB)

stale: $(READY)  ## List the derived notebooks that differ from their source; fails if any does.
	@$(HELPERS) stale

translations: $(WHOLE) $(READY)  ## Bring the catalogues in translations/ up to date, and list what is behind or broken.
	@$(HELPERS) translations

progress: $(READY)  ## Show which exercises are done and what comes next, from your notebooks in my/.
	@$(HELPERS) progress

visible: $(READY)  ## Run the visible checks on saved notebooks, without JupyterLab: IN=folder, NEED="01 2.1".
	@$(HELPERS) visible $(if $(IN),"$(IN)") $(foreach name,$(NEED),--need "$(name)")

restore: $(READY)  ## Replace your copy of a notebook by a fresh one; yours is kept as a numbered backup: NB=01.
	@$(HELPERS) restore $(NB)

update: $(READY)  ## Take the course's corrections over into your copy of a notebook, and keep all that you wrote: NB=01.
	@$(HELPERS) update $(NB)

sweep: $(if $(SCHEDULER),$(DASK),$(READY))  ## Run the missing runs of a training sweep: NAME=ablation. SCHEDULER= as for grade.
	@$(HELPERS) sweep $(NAME) $(ON_CLUSTER) $(ARGS)

elsewhere: $(READY)  ## Derive the notebooks for Colab; ADDRESS=you/course changes the public address first.
	@$(HELPERS) elsewhere $(ADDRESS)

site: $(WHOLE) $(TOOLS)  ## Build the course and its solutions as books to browse, in each language, in build/site/; only one: SITE=course.
	@$(HELPERS) site $(SITE)

test-site: $(WHOLE) site  ## Test every page of both books, in headless Chromium, and a page of each kind in other languages.
	@COURSE_SITE=build/site $(PY) -m pytest $(or $(ARGS),$(SITE_TESTS))

learner-kit: $(READY)  ## Pack the course for a class, without solutions and tests, into build/learner-kit.zip. EDITION=ko.
	@$(HELPERS) kit

# For an instructor; the guide is docs/instructors.md. With DRY=1 a command says what it would do, and does nothing.
DRY_RUN = $(if $(DRY),--dry-run)
# A name that is empty, as of a variable that is misspelt, is passed on too: it must not mean everybody.
WHO = $(if $(filter-out undefined,$(origin STUDENT)),--student "$(STUDENT)")
ON_CLUSTER = $(if $(SCHEDULER),--scheduler "$(SCHEDULER)")

release: $(READY)  ## Enter a notebook into the gradebook as an assignment: NB=01, DUE="2026-12-01 23:59". EDITION=ko. ARGS=--regrade after new points.
	@$(HELPERS) release $(NB) $(if $(filter-out undefined,$(origin DUE)),--due "$(DUE)") $(DRY_RUN) $(ARGS)

extend: $(READY)  ## Give a student a later due date: NB=01, STUDENT=ina, UNTIL="2026-12-03 23:59" or none. Without STUDENT: list them.
	@$(HELPERS) extend $(NB) $(WHO) $(if $(filter-out undefined,$(origin UNTIL)),--until "$(UNTIL)") $(DRY_RUN) $(ARGS)

excuse: $(READY)  ## Excuse a student from a notebook: NB=01, STUDENT=ina. ARGS=--undo takes it back. Without STUDENT: list them.
	@$(HELPERS) excuse $(NB) $(WHO) $(DRY_RUN) $(ARGS)

roster: $(READY)  ## Enter a class list into the gradebook: FROM=class.csv.
	@$(HELPERS) roster "$(FROM)" $(DRY_RUN) $(ARGS)

collect: $(READY)  ## Collect submissions from the exchange or a download: NB=01, FROM=moodle.zip.
	@$(HELPERS) collect $(NB) $(if $(FROM),--from "$(FROM)") $(DRY_RUN) $(ARGS)

export: $(READY)  ## Write the scores as a CSV file for a platform: FOR=canvas, moodle or plain. ARGS=--stale: old scores too, --by-exercise.
	@$(HELPERS) export $(FOR) $(DRY_RUN) $(ARGS)

grade: $(if $(SCHEDULER),$(DASK),$(READY))  ## Grade the submissions of a notebook, or continue: NB=01. STUDENT=ina: one anew. SCHEDULER=tls://host:8786: on a cluster.
	@$(HELPERS) grade $(NB) $(WHO) $(ON_CLUSTER) $(DRY_RUN) $(ARGS)

cluster: $(DASK)  ## Run a Dask cluster on this machine, to rehearse for a larger one: WORKERS=2.
	@$(HELPERS) cluster $(if $(WORKERS),--workers "$(WORKERS)")

credentials: $(DASK)  ## Make TLS credentials for a cluster of several machines, in build/cluster/.
	@$(HELPERS) credentials

test-cluster: $(WHOLE) $(DASK)  ## Test grading on real Dask processes; some minutes. On Linux, with bubblewrap.
	@$(PY) -m pytest -m cluster -rs $(or $(ARGS),-n 2 --dist worksteal tests/classroom/test_cluster.py)

test-hub: $(WHOLE) $(TOOLS)  ## Test a class on a real JupyterHub; some minutes. As root on Linux, with Node.js 20.
	@$(PY) -m pytest -m hub -rs $(or $(ARGS),tests/hub)

test-gpu: $(WHOLE) $(TOOLS) $(CUPY)  ## With a GPU: test its layers, time them beside PyTorch's, and train; eight minutes at most.
	@$(PY) -m benchmarks.on_gpu

formgrader: $(READY)  ## Grade written answers by hand, in the browser. PORT=8889, BROWSER=none.
	@$(HELPERS) formgrader $(if $(PORT),--port "$(PORT)") $(if $(filter none,$(BROWSER)),--no-browser)

feedback: $(READY)  ## Make the feedback on the graded submissions: NB=01. ARGS=--stale: on old scores too.
	@$(HELPERS) feedback $(NB) $(DRY_RUN) $(ARGS)

bench: $(WHOLE) $(READY)  ## Benchmark the layers, the checks and the grading, beside PyTorch and stock nbgrader; only one: WHAT=checks, or gpu.
	@$(PY) -m benchmarks $(VERBOSE) $(WHAT)

lock:  ## Choose the versions in requirements.lock again, after a change in pyproject.toml (needs uv).
	uv pip compile --universal --python-version 3.11 --extra test --extra site --extra scale --extra hub --upgrade \
		--no-header pyproject.toml -o requirements.lock

.PHONY: help learn test test-all test-more lint-notebooks train notebooks stale translations progress visible restore update sweep elsewhere
.PHONY: site test-site learner-kit whole-course
.PHONY: release extend excuse roster collect grade cluster credentials test-cluster test-hub test-gpu formgrader feedback export bench lock

whole-course:
	@echo "\`make $(firstword $(MAKECMDGOALS))\` belongs to the whole course; a learner kit has no tests."; exit 1

# The stamp is written last and contains the folder it was made for. So .venv is made again if its installation was
# interrupted, if its Python is gone, or if it was moved with the folder (its paths then point to the old place).
ifneq ($(shell $(PY) -c "print(open('$(READY)').read())" 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
NEW := yes
endif

# With a comma of its own: make would take it for the end of an argument.
FOR_TESTS_AND_SITE := [test,site]
FOR_GPU := [gpu,torch]

# Arguments: options for pip, and the extras of the course to install.
define install
	@$(PY) -m pip install $(1) --disable-pip-version-check -c requirements.lock -e ".$(2)" || { \
		echo "The installation did not finish. Check the network connection, then run make again." $(IN_EDITION); exit 1; }
endef

$(READY): pyproject.toml requirements.lock
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name yours: make PYTHON=python3.12 …"; exit 1; }
	@"$(PYTHON)" -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
		echo "This course needs Python 3.11 or newer, and $(PYTHON) is older. Name another: make PYTHON=python3.12 …"; exit 1; }
	@"$(PYTHON)" -c "import ensurepip, venv" 2>/dev/null || { \
		echo "This Python has no venv module. On Debian and Ubuntu: sudo apt install python3-venv. Then run make again." $(IN_EDITION); exit 1; }
	@echo "Installing the course's packages into .venv (once, two to five minutes) …" $(IN_EDITION)
	@rm -f $@
	@$(if $(NEW),"$(PYTHON)" -m venv --clear .venv)
	$(call install)
	@printf %s "$(CURDIR)" > $@

$(TOOLS): $(READY)
	@echo "Installing what the tests and the site need as well (once) …" $(IN_EDITION)
	$(call install,--quiet,$(FOR_TESTS_AND_SITE))
	@touch $@

$(DASK): $(READY)
	@echo "Installing Dask, which only a cluster needs (once) …" $(IN_EDITION)
	$(call install,--quiet,[scale])
	@touch $@

$(CUPY): $(READY)
	@echo "Installing CuPy and PyTorch, which only a GPU needs (once) …" $(IN_EDITION)
	$(call install,--quiet,$(FOR_GPU))
	@touch $@
