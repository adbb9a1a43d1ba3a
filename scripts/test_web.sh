#!/usr/bin/env bash
# Tests the dashboard that scripts/build_web.sh has built in FOLDER: types, units, pages in a headless Chromium.
#   WEIR_BIN=build/dev/weir scripts/test_web.sh build/dev/web      WEIR_SHOTS=FOLDER keeps pictures; exit 77: no Chromium
set -euo pipefail
. "$(dirname "$0")/common.sh"

folder=${1:?usage: scripts/test_web.sh FOLDER}
export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
if [ ! -x "$CHROMIUM" ]; then
    echo "SKIPPED: $CHROMIUM is not there (apt-get install chromium)" >&2
    exit 77
fi
cd "$folder/tree"
rm -rf test
cp -r "$root/web/test" test
node node_modules/typescript/bin/tsc --noEmit
node_modules/.bin/esbuild test/unit.test.ts --bundle --platform=node --format=esm --outfile=test/unit.test.mjs --log-level=error
node --test --test-reporter=spec test/unit.test.mjs
node --test --test-reporter=spec test/pages.test.mjs
node --test --test-reporter=spec test/browser.test.mjs
