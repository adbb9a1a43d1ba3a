#!/usr/bin/env bash
# What `make test` does: everything that has to pass, ctest's closing lines last.
#   1. under AddressSanitizer and UndefinedBehaviorSanitizer: the unit tests, the fuzzers' corpora, and the gateway
#      against 10,000 malformed inputs
#   2. all tests of the dev build: unit, black box against fake providers, a real llama-server child, format, layers, lint
# The first part that fails ends the run. JOBS=N runs N tests at a time.
set -euo pipefail
. "$(dirname "$0")/common.sh"
cd "$root"
unset MAKEFLAGS MAKELEVEL

jobs=${JOBS:-1}
scripts/install_dependencies.sh test
WEIR_LLAMA_SERVER=$(scripts/build_llama_server.sh)
WEIR_MODEL_FILE=$(scripts/fetch_model.sh)
WEIR_EMBEDDING_MODEL_FILE=$(scripts/fetch_model.sh embedding)
export WEIR_LLAMA_SERVER WEIR_MODEL_FILE WEIR_EMBEDDING_MODEL_FILE

programs=(failing_replay)
for room in src/*/; do
    for kind in test:test fuzz:replay; do
        if [ -z "$(find "$room" -name "*_${kind%:*}.cpp" -print -quit)" ]; then continue; fi
        programs+=("$(basename "$room")_${kind#*:}")
    done
done
scripts/build.sh asan weir "${programs[@]}"
scripts/build.sh dev

say "unit tests, fuzzers' corpora and malformed inputs under the sanitizers"
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
ctest --test-dir build/asan --tests-regex '^(unit\.|fuzz_replay\.|blackbox\.malformed)' --output-on-failure --no-tests=error \
    --timeout 600 -j "$(nproc)"
unset ASAN_OPTIONS UBSAN_OPTIONS

say "all tests"
exec ctest --test-dir build/dev --output-on-failure --no-tests=error --timeout 600 -j "$jobs"
