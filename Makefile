# Names for what is done often; the work is in scripts/ and CMakePresets.json.
.DEFAULT_GOAL := help
.PHONY: help build run test bench package fmt lint fuzz asan clean

export CONFIG MODEL ONCE JOBS
FUZZ_SECONDS ?= 60

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the release binary, build/release/weir (installs what is missing)
	@scripts/install_dependencies.sh build
	@scripts/build.sh release weir

run: ## from nothing to a gateway with a demo and its report; CONFIG=FILE, MODEL=NAME, ONCE=1 to stop after the report
	@scripts/run.sh

test: ## everything that has to pass; JOBS=N tests at a time
	@scripts/test.sh

bench: ## side by side with nginx and HAProxy; ARGS="--quick" and others: bench/run.py --help
	@scripts/install_dependencies.sh bench
	@scripts/build.sh release weir bench_instant_upstream bench_load ledger_views_bench
	@bench/run.py $(ARGS)

package: ## a Debian package, build/release/weir_VERSION_ARCH.deb
	@scripts/install_dependencies.sh package
	@scripts/build.sh release weir packaged
	@cd build/release && cpack -G DEB > package.log || { cat package.log >&2; exit 1; }
	@ls build/release/weir_*.deb

fmt: ## writes all C++ as .clang-format says
	@scripts/check_format.sh --fix

lint: ## format, layers and clang-tidy
	@scripts/install_dependencies.sh test
	@scripts/check_format.sh
	@scripts/check_layers.py
	@cmake --preset dev > /dev/null
	@scripts/check_tidy.py

fuzz: ## every fuzzer for FUZZ_SECONDS (60) on top of its corpus
	@scripts/install_dependencies.sh test
	@scripts/fuzz.sh $(FUZZ_SECONDS)

asan: ## the unit tests and the fuzzers' corpora under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/install_dependencies.sh test
	@scripts/build.sh asan
	@ctest --test-dir build/asan --tests-regex '^(unit|fuzz_replay)\.' --output-on-failure --no-tests=error

clean: ## removes build/ (the cache of llama-server and the model stays: ~/.cache/weir)
	rm -rf build
