#!/usr/bin/env bash
# Installs the Debian packages that Weir is built and tested with. Says what it does, asks nothing, does nothing where all
# is there. Leaves no service running.
#   scripts/install_dependencies.sh           to build and run
#   scripts/install_dependencies.sh test      also what the tests need
#   scripts/install_dependencies.sh package   also what a Debian package is made with
#   scripts/install_dependencies.sh bench     also what the benchmark compares with
set -euo pipefail
. "$(dirname "$0")/common.sh"

build=(g++ cmake ninja-build ccache mold libboost1.81-dev libssl-dev libsimdjson-dev libsqlite3-dev liblmdb-dev
    libyaml-cpp-dev libcli11-dev libspdlog-dev libfmt-dev libexpected-dev doctest-dev librapidcheck-dev pkg-config
    ca-certificates curl python3 python3-venv)
test=(clang-16 clang-format-16 clang-tidy-16 libclang-rt-16-dev chromium)
package=(dpkg-dev file gzip)
bench=(nginx-light haproxy wrk valgrind)

wanted=("${build[@]}")
case ${1:-build} in
    build) ;;
    test) wanted+=("${test[@]}" "${package[@]}") ;;
    package) wanted+=("${package[@]}") ;;
    bench) wanted+=("${bench[@]}") ;;
    all) wanted+=("${test[@]}" "${package[@]}" "${bench[@]}") ;;
    *) die "usage: $0 [build|test|package|bench|all]" ;;
esac

installed() { [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
missing=()
for package in "${wanted[@]}"; do installed "$package" || missing+=("$package"); done
# For the dashboard and the official Node client's tests; a Node that came another way will do.
command -v node > /dev/null || missing+=(nodejs)
command -v npm > /dev/null || missing+=(npm)
if [ ${#missing[@]} = 0 ]; then exit 0; fi

command -v apt-get > /dev/null || die "no apt-get here; install these by hand: ${missing[*]}"
as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo > /dev/null || die "neither root nor sudo; install these by hand: ${missing[*]}"
    as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive

# nginx and haproxy would start themselves: policy-rc.d says no while we install, unless somebody has put one there.
policy=/usr/sbin/policy-rc.d
put_policy=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" > /dev/null
    "${as_root[@]}" chmod 755 "$policy"
    put_policy=yes
fi
tidy_up() { if [ -n "$put_policy" ]; then "${as_root[@]}" rm -f "$policy"; fi; }
trap tidy_up EXIT

install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "${missing[@]}" >&2
}
say "installing ${#missing[@]} Debian packages: ${missing[*]}"
# The lists of a fresh machine are empty, those of an old one outdated: then the first try fails.
if ! { apt-cache policy "${missing[0]}" 2>/dev/null | grep -q 'Candidate: [0-9]' && install; }; then
    say "updating the package lists"
    "${as_root[@]}" apt-get update --quiet >&2 || { sleep 5; "${as_root[@]}" apt-get update --quiet >&2; }
    install
fi
# A package's own start-on-boot stays off too: they are here to be compared with, started by the benchmark itself.
if [ -d /run/systemd/system ]; then
    for service in nginx haproxy; do
        case " ${missing[*]} " in *" $service"*) "${as_root[@]}" systemctl disable --now "$service" >&2 || true ;; esac
    done
fi
say "installed"
