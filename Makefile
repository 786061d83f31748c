# fcn_hw. Each target prepares .venv and forwards to the command fcn-hw; see `make help`.
DESIGN ?= digits_fcn8s
BOARD  ?= pynq-z2
PYTHON ?= python3
ARGS   ?=

VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
FCN_HW  := $(BIN)/fcn-hw

.DEFAULT_GOAL := help
.PHONY: help install train levels sensitivity export hls csim estimate sparsity search report csynth cosim \
    bitstream handoff test place-route \
    test-all test-wheel fuzz bench docs lint lock clean distclean

help:  ## this list
	@echo "make TARGET [DESIGN=$(DESIGN)] [BOARD=$(BOARD)] [ARGS=...]"
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1|\2/p' Makefile | awk -F '|' '{ printf "  %-11s %s\n", $$1, $$2 }'

install: $(STAMP)  ## create .venv with the exact versions of requirements.lock

# The stamp is written last: a killed installation is done again. pip reads the index that the
# machine is set up for; no file here names one.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 10) <= v <= (3, 13) else "fcn_hw needs Python 3.10 to 3.13, $(PYTHON) is %d.%d: make PYTHON=python3.12 ..." % v)'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --use-pep517 -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

train: $(STAMP)  ## train DESIGN unless its model is there
	@$(FCN_HW) train $(DESIGN) $(ARGS)

levels: $(STAMP)  ## DESIGN at 8, 4, 3 and 2 bits; ARGS="--seeds 1,2,3"
	@$(FCN_HW) levels $(DESIGN) $(ARGS)

sensitivity: $(STAMP)  ## what each layer of DESIGN loses with fewer bits; ARGS="--retrain 1"
	@$(FCN_HW) sensitivity $(DESIGN) $(ARGS)

export: $(STAMP)  ## export DESIGN's model as an integer graph
	@$(FCN_HW) export $(DESIGN) $(ARGS)

hls: $(STAMP)  ## emit the HLS project of DESIGN for BOARD and prove it by C simulation
	@$(FCN_HW) hls $(DESIGN) --board $(BOARD) $(ARGS)

csim: $(STAMP)  ## C simulation of DESIGN for BOARD, code for code
	@$(FCN_HW) csim $(DESIGN) --board $(BOARD) $(ARGS)

estimate: $(STAMP)  ## resources, cycles and energy of DESIGN on BOARD, without a vendor tool
	@$(FCN_HW) estimate $(DESIGN) --board $(BOARD) $(ARGS)

sparsity: $(STAMP)  ## zeros of DESIGN and what they save on BOARD; ARGS="--score --prune 0.5,0.8"
	@$(FCN_HW) sparsity $(DESIGN) --board $(BOARD) $(ARGS)

search: $(STAMP)  ## bits of each layer of DESIGN: accuracy against cost on BOARD; ARGS="--trials 40"
	@$(FCN_HW) search $(DESIGN) --board $(BOARD) $(ARGS)

report: $(STAMP)  ## one HTML file with all results of DESIGN on BOARD
	@$(FCN_HW) report $(DESIGN) --board $(BOARD) $(ARGS)

csynth: $(STAMP)  ## C++ to RTL: by Vitis HLS where it is, else by fcn_hw (clang-16)
	@$(FCN_HW) csynth $(DESIGN) --board $(BOARD) $(ARGS)

cosim: $(STAMP)  ## that RTL simulated, code for code; ARGS="--images 2"
	@$(FCN_HW) cosim $(DESIGN) --board $(BOARD) $(ARGS)

bitstream: $(STAMP)  ## bitstream of DESIGN for BOARD: Vivado; open tools for BOARD=ulx3s-85f
	@$(FCN_HW) bitstream $(DESIGN) --board $(BOARD) $(ARGS)

handoff: $(STAMP)  ## bundle of DESIGN for BOARD, for the engineer who builds the bitstream
	@$(FCN_HW) handoff $(DESIGN) --board $(BOARD) $(ARGS)

# One process more than cores, as tests also wait; at most eight, as each grows to some gigabytes.
PYTEST := $(BIN)/python -m pytest -n $(shell echo $$(($$(nproc) < 7 ? $$(nproc) + 1 : 8))) \
    --dist loadfile --no-loadscope-reorder

test: $(STAMP)  ## the tests of every day, on all cores; ARGS="-n 0 -k words" for one process
	$(PYTEST) -m "not slow and not grid and not wheel" $(ARGS)

test-all: $(STAMP)  ## all tests, before a release: also the rest of the grids, real data, whole designs
	$(PYTEST) -m "not wheel" $(ARGS)

test-wheel: $(STAMP)  ## what pip installs, on the oldest and newest Python of this machine
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m wheel tests/wheel $(ARGS)

place-route: $(STAMP)  ## a small network placed and routed for each open board, with yosys and nextpnr-ecp5
	$(BIN)/python -m pytest -n 0 -m slow tests/rtl/test_place_and_route.py $(ARGS)

fuzz: $(STAMP)  ## random networks: 1,000 oracle = C++, sized FIFOs; 200 their Verilog; 200 of QONNX; ARGS="--networks 40"
	$(BIN)/python tests/fuzz/fuzz.py $(ARGS)
	$(BIN)/python tests/fuzz/fuzz.py --rtl $(ARGS)
	$(BIN)/python tests/fuzz/fuzz_qonnx.py

bench: $(STAMP)  ## hls4ml and fcn_hw in pairs: convert, compile, simulate; then fcn_hw's own RTL
	$(BIN)/python -m benchmarks $(ARGS)
	$(BIN)/python -m benchmarks.rtl

docs: $(STAMP)  ## build site/ from docs/, a warning is an error, and check its links
	rm -rf site
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d build/doctrees docs site
	$(BIN)/python docs/check_site.py site

lint: $(STAMP)  ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock:  ## renew requirements.lock from requirements.in (needs uv)
	uv pip compile --universal --python-version 3.10 --no-annotate \
	    --no-header requirements.in -o requirements.lock

clean: $(STAMP)  ## remove graphs, HLS projects and reports; trained models stay
	@$(FCN_HW) clean --all $(ARGS)

distclean:  ## remove everything that was made: models and .venv too
	@if [ -x $(FCN_HW) ]; then $(FCN_HW) clean --all --models; fi
	rm -rf $(VENV) build site
