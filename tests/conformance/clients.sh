#!/bin/sh
# Installs the clients that the conformance tests use, pinned, into a cache outside the checkout, once:
#   clients.sh python | anthropic | langchain | litellm | otlp | triton -> prints the path of a Python that has them;
#   clients.sh node | anthropic-node | vercel -> prints a node_modules folder.
# Exit 77 with a line on stderr where that is impossible (no Node, no registry).
set -eu
cache=${WEIR_CACHE:-$HOME/.cache/weir}

skip() { echo "SKIPPED: $*" >&2; exit 77; }

case ${1-} in
python) language=python packages="openai==2.54.0" ;;
anthropic) language=python packages="anthropic==2.14.0" ;;
langchain) language=python packages="langchain-openai==1.7.4 langchain-anthropic==1.7.10 openai==3.57.0 anthropic==2.14.0" ;;
litellm) language=python packages="litellm==1.110.2 openai==3.57.0" ;;
# OpenTelemetry's own messages, which read what Weir sends.
otlp) language=python packages="opentelemetry-proto==1.45.2 protobuf==6.33.5" ;;
# Triton's client of the Open Inference Protocol, and the models of examples/inference that it asks.
triton) language=python packages="scikit-learn==1.9.1 tritonclient[http]==2.73.0 numpy==2.4.6" ;;
node) language=node packages="openai@6.30.1" ;;
anthropic-node) language=node packages="@anthropic-ai/sdk@1.14.0 zod@4.6.7" ;;
# The last major version that runs on Node 18 and 20.
vercel) language=node packages="ai@6.0.325 @ai-sdk/openai@3.0.141 @ai-sdk/anthropic@3.0.140 @ai-sdk/openai-compatible@2.0.92 zod@4.6.7" ;;
*) echo "usage: clients.sh python|anthropic|langchain|litellm|otlp|triton|node|anthropic-node|vercel" >&2; exit 2 ;;
esac
mkdir -p "$cache"
digest=$(echo "$packages" | sha256sum | cut -c1-12)

# Two tests may come here at the same time: the first one installs, the other one waits.
exec 9> "$cache/clients-$1.lock"
flock 9

case $language in
python)
  folder=$cache/venv-$digest
  if [ ! -e "$folder/installed" ]; then
    rm -rf "$folder"
    python3 -m venv "$folder" >&2 || skip "python3 -m venv does not work (apt-get install python3-venv)"
    # shellcheck disable=SC2086 # a list
    "$folder/bin/pip" install --quiet --disable-pip-version-check $packages >&2 || skip "pip can't install $packages"
    touch "$folder/installed"
  fi
  echo "$folder/bin/python" ;;
node)
  command -v node > /dev/null && command -v npm > /dev/null || skip "node and npm are not installed (apt-get install nodejs npm)"
  folder=$cache/node-$digest
  if [ ! -e "$folder/installed" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    # shellcheck disable=SC2086 # a list
    npm install --silent --no-audit --no-fund --prefix "$folder" $packages >&2 || skip "npm can't install $packages"
    touch "$folder/installed"
  fi
  echo "$folder/node_modules" ;;
esac
