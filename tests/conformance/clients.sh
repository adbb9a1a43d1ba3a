#!/bin/sh
# Installs the official clients that the conformance tests use, pinned, into a cache outside the checkout, once:
#   clients.sh python -> prints the path of a Python with `openai`;  clients.sh anthropic -> of one with `anthropic`;
#   clients.sh node -> prints a node_modules folder.
# Exit 77 with a line on stderr where that is impossible (no Node, no registry).
set -eu
OPENAI_SDK=openai==2.54.0
ANTHROPIC_SDK=anthropic==2.14.0
NODE_SDK=openai@6.30.1
cache=${WEIR_CACHE:-$HOME/.cache/weir}
mkdir -p "$cache"

skip() { echo "SKIPPED: $*" >&2; exit 77; }

# Two tests may come here at the same time: the first one installs, the other one waits.
exec 9> "$cache/clients-$1.lock"
flock 9

case $1 in
python | anthropic)
  sdk=$OPENAI_SDK
  [ "$1" = python ] || sdk=$ANTHROPIC_SDK
  folder=$cache/venv-$(echo "$sdk" | sha256sum | cut -c1-12)
  if [ ! -e "$folder/installed" ]; then
    rm -rf "$folder"
    python3 -m venv "$folder" >&2 || skip "python3 -m venv does not work (apt-get install python3-venv)"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$sdk" >&2 || skip "pip can't install $sdk"
    touch "$folder/installed"
  fi
  echo "$folder/bin/python" ;;
node)
  command -v node > /dev/null && command -v npm > /dev/null || skip "node and npm are not installed (apt-get install nodejs npm)"
  folder=$cache/node-$(echo "$NODE_SDK" | sha256sum | cut -c1-12)
  if [ ! -e "$folder/installed" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    npm install --silent --no-audit --no-fund --prefix "$folder" "$NODE_SDK" >&2 || skip "npm can't install $NODE_SDK"
    touch "$folder/installed"
  fi
  echo "$folder/node_modules" ;;
*) echo "usage: clients.sh python|anthropic|node" >&2; exit 2 ;;
esac
