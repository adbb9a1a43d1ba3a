#!/usr/bin/env bash
# Fails where a C++ file isn't as clang-format-16 would write it. `make fmt` puts it right.
#   scripts/check_format.sh [--fix]
set -euo pipefail
cd "$(dirname "$0")/.."
command -v clang-format-16 > /dev/null || { echo "SKIPPED: clang-format-16 is not installed"; exit 77; }
mode=(--dry-run --Werror)
if [ "${1:-}" = --fix ]; then mode=(-i); fi
find src tests bench fuzz \( -name '*.cpp' -o -name '*.h' \) -print0 |
    xargs -0 --no-run-if-empty --max-procs="$(nproc)" --max-args=16 clang-format-16 --style=file "${mode[@]}"
