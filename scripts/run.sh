#!/usr/bin/env bash
# What `make run` does, from nothing: installs, builds, fetches, serves, plays the demo, reports, stays up.
#   CONFIG=FILE   default config/demo.yaml
#   MODEL=NAME    the model that the demo asks for; default: what the shipped configurations serve
#   ONCE=1        stop after the report; exit 0 only if every request was answered and the report adds up
set -euo pipefail
. "$(dirname "$0")/common.sh"
cd "$root"

config=${CONFIG:-config/demo.yaml}
once=${ONCE:-}
[ -r "$config" ] || die "no such configuration: $config"
case "${MODEL:-}:$(basename "$config")" in
    :demo.yaml) model=smollm2 ;;
    :openai.yaml) model=gpt-4o-mini ;;
    :*) die "say which model to ask for: make run CONFIG=$config MODEL=NAME" ;;
    *) model=$MODEL ;;
esac

scripts/install_dependencies.sh build
scripts/build.sh release weir
weir=$root/build/release/weir
if grep -q 'llama-server' "$config"; then
    WEIR_LLAMA_SERVER=$(scripts/build_llama_server.sh)
    WEIR_MODEL_FILE=$(scripts/fetch_model.sh)
    export WEIR_LLAMA_SERVER WEIR_MODEL_FILE
fi

# The usual ports, or free ones where another program has them.
free_address() {
    python3 - "$1" <<'PYTHON'
import socket, sys
for port in (int(sys.argv[1]), 0):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
            s.listen()
        except OSError:
            continue
        print("127.0.0.1:%d" % s.getsockname()[1])
        break
PYTHON
}
export WEIR_LISTEN=${WEIR_LISTEN:-$(free_address 8080)}
export WEIR_ADMIN=${WEIR_ADMIN:-$(free_address 8081)}
export WEIR_DATA_FOLDER=${WEIR_DATA_FOLDER:-$root/build/demo-data}
if [ "$WEIR_DATA_FOLDER" = "$root/build/demo-data" ]; then rm -rf "$WEIR_DATA_FOLDER"; fi
"$weir" check -c "$config" >&2 || die "$config can't be served"

log=$root/build/demo.log
mkdir -p "$root/build"
: > "$log"
server=
stop_server() {
    if [ -z "$server" ]; then return; fi
    kill -TERM "$server" 2> /dev/null || true
    wait "$server" 2> /dev/null || true
    server=
}
trap stop_server EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$weir" serve -c "$config" > "$log" 2>&1 &
server=$!
address_in_log() { sed -n "s/.*weir: $1 \([^ ]*\).*/\1/p" "$log" | head -n 1; }
started=$SECONDS
while :; do
    kill -0 "$server" 2> /dev/null || { tail -n 20 "$log" >&2; die "weir serve ended; its log: $log"; }
    listen=$(address_in_log 'listening on')
    admin=$(address_in_log 'admin on')
    listen=${listen:-$WEIR_LISTEN}
    admin=${admin:-$WEIR_ADMIN}
    if curl --silent --fail --max-time 2 --output /dev/null "http://$admin/health/ready"; then break; fi
    [ $((SECONDS - started)) -lt 180 ] || { tail -n 20 "$log" >&2; die "not ready after 180 s; its log: $log"; }
    if [ -t 2 ]; then printf '\r== waiting until weir is ready: %d s ' $((SECONDS - started)) >&2; fi
    sleep 0.2
done
if [ -t 2 ]; then printf '\r' >&2; fi
say "weir is ready after $((SECONDS - started)) s: inference on $listen, admin on $admin, log in $log"
case $listen in *:8080) ;; *) say "port 8080 was taken" ;; esac

say "playing the demo: model $model of $config"
failed=0
scripts/demo.py --base "http://$listen" --model "$model" --json build/demo.json || failed=1
sent=$(python3 -c 'import json; print(json.load(open("build/demo.json"))["sent"])')
# First the check, which waits for the last rows; then the report that it was about.
verdict=$(scripts/check_report.py --weir "$weir" --config "$config" --sent "$sent") || failed=1
for by in tier model; do
    echo
    "$weir" report -c "$config" --since 24h --by "$by" || failed=1
done
printf '\n%s\n' "$verdict"

if [ -n "$once" ]; then
    stop_server
    if [ $failed = 0 ]; then say "done: every request was answered, the report adds up"; fi
    exit $failed
fi
cat <<TEXT

Weir stays up; Ctrl-C ends it. A question that the demo has asked (x-weir-tier: exact), then one that it has not:

  curl -si http://$listen/v1/chat/completions -H 'Content-Type: application/json' -d '{"model": "$model", "messages": [
    {"role": "system", "content": "Answer in one short sentence."}, {"role": "user", "content": "Why does bread rise?"}],
    "temperature": 0, "max_tokens": 96}'
  curl -si http://$listen/v1/chat/completions -H 'Content-Type: application/json' \\
    -d '{"model": "$model", "max_tokens": 96, "messages": [{"role": "user", "content": "What is a river?"}]}'
  build/release/weir report --data ${WEIR_DATA_FOLDER#"$root/"} --by tier

TEXT
trap 'stop_server; exit $failed' INT TERM
code=0
wait "$server" || code=$?
server=
if [ $code != 0 ]; then die "weir serve ended with status $code; its log: $log"; fi
exit $failed
