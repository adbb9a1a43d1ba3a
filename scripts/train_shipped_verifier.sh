#!/usr/bin/env bash
# Makes src/tiers/semantic_cache/shipped_verifier.inc anew: pairs from scripts/make_verifier_pairs.py (seed 1), vectors of MiniLM,
# training by the program itself. The same inputs give the same bytes.
#   scripts/train_shipped_verifier.sh [weir, default build/release/weir] [further options of weir train verifier]
set -euo pipefail
. "$(dirname "$0")/common.sh"

weir=${1:-$root/build/release/weir}
shift || true
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
WEIR_EMBEDDING_MODEL_FILE=$("$root/scripts/fetch_model.sh" embedding)
WEIR_LLAMA_SERVER=$("$root/scripts/build_llama_server.sh")
export WEIR_EMBEDDING_MODEL_FILE WEIR_LLAMA_SERVER
"$(system_python)" "$root/scripts/make_verifier_pairs.py" "$work/pairs.tsv"
"$weir" train verifier --pairs "$work/pairs.tsv" --out "$work/verifier.bin" --generic --embedder minilm "$@"
base64 -w 116 "$work/verifier.bin" | sed 's/.*/"&",/' > "$root/src/tiers/semantic_cache/shipped_verifier.inc"
