#!/bin/sh
# Installs the official clients that the conformance tests use, pinned, into a cache outside the checkout, once:
#   clients.sh python -> prints the path of a Python with `openai`;  clients.sh node -> prints a node_modules folder.
# Exit 77 with a line on stderr where that is impossible (no Node, no registry).
set -eu
PYTHON_SDK=openai==2.54.0
NODE_SDK=openai@6.30.1
cache=${WEIR_CACHE:-$HOME/.cache/weir}
mkdir -p "$cache"

skip() { echo "SKIPPED: $*" >&2; exit 77; }

# Two tests may come here at the same time: the first one installs, the other one waits.
exec 9> "$cache/clients-$1.lock"
flock 9

case $1 in
python)
  folder=$cache/venv-$(echo "$PYTHON_SDK" | sha256sum | cut -c1-12)
  if [ ! -e "$folder/installed" ]; then
    rm -rf "$folder"
    python3 -m venv "$folder" >&2 || skip "python3 -m venv does not work (apt-get install python3-venv)"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$PYTHON_SDK" >&2 || skip "pip can't install $PYTHON_SDK"
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
*) echo "usage: clients.sh python|node" >&2; exit 2 ;;
esac
