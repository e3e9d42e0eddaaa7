# `make` lists the targets. `make run` and `make test` need nothing but a Swift 6 toolchain: they install the rest.

ARCH := $(shell uname -m)
ifeq ($(ARCH),x86_64)
# AVX2 and FMA, in every x86 server since 2015; CPU=native for this machine only, CPU=x86-64 for any.
CPU ?= x86-64-v3
CPU_FLAGS = -Xcc -march=$(CPU)
else
CPU ?=
CPU_FLAGS = $(if $(CPU),-Xcc -mcpu=$(CPU))
endif

# Tests are built optimised as well (training loops are tens of times slower without), so one build serves both.
SWIFT_FLAGS = -c release $(CPU_FLAGS) -Xswiftc -enable-testing
BUILD := .build/release
RANKS ?= $(shell nproc)
PREFIX ?= /usr/local

# mpirun refuses root without these, and more ranks than cores without the last.
MPI_ENVIRONMENT := OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
MPIRUN := $(MPI_ENVIRONMENT) mpirun --quiet --oversubscribe

.DEFAULT_GOAL := help
.PHONY: help run build test theory slurm-test bench format check install setup revision clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, then run sweeps/quickstart.yaml with mpirun on all cores
	$(MPIRUN) -n $(RANKS) $(BUILD)/ncsweep run sweeps/quickstart.yaml

build: setup revision ## build the program (CPU=native for this machine's CPU only)
	swift build $(SWIFT_FLAGS) --product ncsweep

test: setup revision ## every test, those on 1 to 4 ranks included
	swift build $(SWIFT_FLAGS) --build-tests
	@{ $(MPI_ENVIRONMENT) swift test $(SWIFT_FLAGS) --skip-build; echo $$? > .build/test.code; } 2>&1 | tee .build/test.log
	@code=$$(cat .build/test.code); test $$code = 0 || { \
		echo "What failed, again (everything is in .build/test.log):"; \
		grep -A 4 'recorded an issue' .build/test.log; exit $$code; }

theory: build ## run the sweeps of sweeps/theory, whose claims are what theory says; results in runs/theory
	@failed=; for file in sweeps/theory/*.yaml; do \
	    echo "== $$file"; \
	    $(MPIRUN) -n $(RANKS) $(BUILD)/ncsweep run $$file --out runs/theory/$$(basename $$file .yaml) \
	        || failed="$$failed $$file"; \
	done; \
	if [ -n "$$failed" ]; then echo "not as theory says:$$failed"; exit 1; fi

slurm-test: build ## try the Slurm templates on a Slurm of this machine's own (root)
	slurm/test-cluster.sh

# For this CPU alone, as JAX compiles and as the libraries of all choose their kernels.
bench: CPU = native
bench: setup revision ## measure against PyTorch, JAX, SciPy, mpi4py and this machine's own bounds
	swift build $(SWIFT_FLAGS) --scratch-path .build/native --product ncsweep
	swift build $(SWIFT_FLAGS) --scratch-path .build/native --product ncbench
	$(MPI_ENVIRONMENT) bench/run.sh .build/native/release

format: ## format the sources
	swift format format --in-place --parallel --recursive Package.swift Sources Tests

check: ## what must hold of the sources without running them
	swift format lint --strict --parallel --recursive Package.swift Sources Tests
	scripts/check-invariants.sh

install: setup revision ## one program with the Swift runtime linked in, at PREFIX/bin
	swift build -c release $(CPU_FLAGS) --scratch-path .build-install --static-swift-stdlib --product ncsweep
	install -D -m 755 .build-install/release/ncsweep $(DESTDIR)$(PREFIX)/bin/ncsweep

setup:
	@scripts/setup.sh

# The revision goes into a header of its own, written only when it changes, so that a commit rebuilds one small file.
revision:
	@new='#define NCSWEEP_REVISION "'$$(git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)'"'; \
	file=Sources/CStartup/revision.h; \
	if [ "$$(cat $$file 2>/dev/null)" != "$$new" ]; then printf '%s\n' "$$new" > $$file; fi

clean: ## remove everything built
	rm -rf .build .build-install Sources/CStartup/revision.h
