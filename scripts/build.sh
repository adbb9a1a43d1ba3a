#!/usr/bin/env bash
# Configures and builds: scripts/build.sh PRESET [target ...]   (presets: dev, release, asan, tsan, fuzz)
set -euo pipefail
. "$(dirname "$0")/common.sh"
cd "$root"

preset=${1:?usage: scripts/build.sh PRESET [target ...]}
shift
say "building ${*:-everything} (preset $preset)"
mkdir -p "build/$preset"
cmake --preset "$preset" > "build/$preset/configure.log" 2>&1 || { cat "build/$preset/configure.log" >&2; exit 1; }
targets=()
if [ $# -gt 0 ]; then targets=(--target "$@"); fi
NINJA_STATUS='[%p, %f of %t, %es] ' cmake --build "build/$preset" --parallel "$(nproc)" "${targets[@]}" >&2
