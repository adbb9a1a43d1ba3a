#!/usr/bin/env bash
# Acceptance over recorded real models, with the outside harness: a client, the gateway and an upstream that replays what
# models really said; it checks answers, savings and leaks that neither gateway nor upstream could know of.
#
#   tests/acceptance.sh [build/release/weir]     KINDS="repeat qa"   MODES="off observe serve"   OUT=<folder>
#
# WEIR_SHARED (default: ../shared beside the checkout) holds e2e/accept.sh and data/; without it this is skipped (77).
# Each (mode, kind) gets a fresh gateway with an empty data folder on config/e2e.yaml. In off and observe every answer must
# agree with the reference's own; in serve there may be no error. Reports: OUT/<mode>/<kind>.md.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
weir=$(realpath "${1:-$root/build/release/weir}")
shared=${WEIR_SHARED:-$root/../shared}
out=${OUT:-$(mktemp -d -t weir-acceptance-XXXXXX)}
mkdir -p "$out"
out=$(realpath "$out")

[ -x "$weir" ] || { echo "acceptance: no $weir (make build)"; exit 1; }
[ -e "$shared/e2e/accept.sh" ] || { echo "SKIPPED: no $shared/e2e/accept.sh (WEIR_SHARED names the folder)"; exit 77; }

export WEIR_E2E_KEY_ACME=sk-e2e-acme WEIR_E2E_KEY_BIRCH=sk-e2e-birch WEIR_E2E_KEY_COBALT=sk-e2e-cobalt
export WEIR_E2E_BINARY=$weir WEIR_E2E_CONFIG=$root/config/e2e.yaml

# What accept.sh starts for every kind, in the foreground; it sees $UPSTREAM, $GATEWAY_PORT and $WEIR_MODE.
cat > "$out/gateway.sh" <<'END'
#!/usr/bin/env bash
set -eu
export WEIR_E2E_DATA=$(mktemp -d "$WEIR_E2E_FOLDER/data-XXXXXX")
exec "$WEIR_E2E_BINARY" serve -c "$WEIR_E2E_CONFIG"
END
chmod +x "$out/gateway.sh"

failed=0
for mode in ${MODES:-off observe serve}; do
  export WEIR_MODE=$mode WEIR_E2E_FOLDER=$out/$mode
  mkdir -p "$WEIR_E2E_FOLDER"
  require='all.errors==0'
  [ "$mode" = serve ] || require='all.errors==0,all.agree>=100'
  for kind in ${KINDS:-repeat qa}; do
    echo "== mode $mode, $kind"
    (cd "$shared/e2e" && PYTHONDONTWRITEBYTECODE=1 DATA=${WEIR_DATA:-$shared/data} OUT=$WEIR_E2E_FOLDER KINDS=$kind HEALTH=/v1/models \
      GATEWAY_CMD="$out/gateway.sh" REQUIRE=$require bash accept.sh) || failed=1
  done
done
echo "acceptance: reports in $out"
exit $failed
