#!/usr/bin/env bash
# Builds the fuzzers and runs each for the given seconds: scripts/fuzz.sh [SECONDS]. Found inputs go to build/fuzz/corpus;
# a crash leaves its input in build/fuzz and ends the run.
set -euo pipefail
. "$(dirname "$0")/common.sh"
cd "$root"

seconds=${1:-60}
scripts/build.sh fuzz
found=0
while IFS= read -r source; do
    name=$(basename "$source" .cpp)
    found=$((found + 1))
    say "$name: $seconds s"
    mkdir -p "build/fuzz/corpus/$name"
    "build/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name" "fuzz/$name"
done < <(find src -name '*_fuzz.cpp' | sort)
[ "$found" -gt 0 ] || die "there is no fuzzer"
