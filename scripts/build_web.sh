#!/usr/bin/env bash
# Builds the dashboard (web/) and writes it as a C++ source: scripts/build_web.sh FOLDER -> FOLDER/dashboard_files.cpp.
# The packages come from the lockfile, once, into a cache outside the checkout; nothing is written beside the sources.
set -euo pipefail
. "$(dirname "$0")/common.sh"

to=${1:?usage: scripts/build_web.sh FOLDER}
command -v node > /dev/null && command -v npm > /dev/null ||
    die "the dashboard needs Node 18 or later with npm (scripts/install_dependencies.sh, or apt-get install nodejs npm)"
major=$(node --print 'process.versions.node.split(".")[0]')
[ "$major" -ge 18 ] || die "node is version $(node --version); the dashboard needs 18 or later"

digest=$(cat "$root/web/package.json" "$root/web/package-lock.json" "$root/web/.npmrc" | sha256sum | cut -c1-12)
packages=$cache/web-$digest
exec 9> "$cache/web.lock" # builds of two presets may come here at once
flock 9
if [ ! -e "$packages/installed" ]; then
    say "installing the dashboard's packages"
    rm -rf "$packages"
    mkdir -p "$packages"
    cp "$root/web/package.json" "$root/web/package-lock.json" "$root/web/.npmrc" "$packages/"
    (cd "$packages" && npm ci --no-audit --no-fund --silent >&2) || die "npm can't install what web/package-lock.json names"
    touch "$packages/installed"
fi
flock --unlock 9

mkdir -p "$to"
rm -rf "$to/tree"
mkdir "$to/tree"
(cd "$root/web" && tar --create --exclude=./node_modules --exclude=./dist .) | tar --extract --directory "$to/tree"
ln -s "$packages/node_modules" "$to/tree/node_modules"
cd "$to/tree"
node node_modules/vite/bin/vite.js build --logLevel warn >&2
node embed.mjs dist "$to/dashboard_files.cpp"
