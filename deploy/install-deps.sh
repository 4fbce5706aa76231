#!/usr/bin/env bash
# Installs what Fairlead needs on Debian 12, says what it did, and starts no service.
#
#   deploy/install-deps.sh [--build-only] [--list]
#     (nothing)     what building, testing and measuring need
#     --build-only  what building needs
#     --list        print the packages and do nothing
#
# docs/dependencies.md has the reason of each library. Run as root, or as a user with sudo. Idempotent.
set -euo pipefail

tools=(cmake g++ ninja-build ccache pkg-config python3 git curl ca-certificates procps util-linux)
libraries=(
    libboost1.81-all-dev libboost-json1.81-dev libboost-url1.81-dev  # the last two are no part of -all
    libssl-dev libhiredis-dev libyaml-cpp-dev libspdlog-dev libfmt-dev prometheus-cpp-dev libcli11-dev
)
test_tools=(
    catch2 openssl redis-server docker.io busybox-static iptables iproute2
    strace valgrind clang-format clang-tidy shellcheck
)
bench_tools=(nginx-light haproxy wrk apache2-utils libbenchmark-dev)
second_compiler=(clang-19 libclang-rt-19-dev)  # fuzz targets, and a second opinion
# Packages that would start a server of their own: left stopped, and disabled when we brought them.
services=(redis-server docker.io nginx-light haproxy)

packages=("${tools[@]}" "${libraries[@]}" "${test_tools[@]}" "${bench_tools[@]}"
    "${second_compiler[@]}")
list_only=no
for argument in "$@"; do
    case $argument in
        --build-only) packages=("${tools[@]}" "${libraries[@]}") ;;
        --list) list_only=yes ;;
        -h|--help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "unknown option $argument (--help lists them)" >&2; exit 2 ;;
    esac
done
if [[ $list_only == yes ]]; then
    printf '%s\n' "${packages[@]}"
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    echo "apt-get is not here: this script knows Debian 12. The packages are:" "${packages[@]}" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    # shellcheck disable=SC2016  # ${...} is dpkg-query's
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] ||
        missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
    echo "install-deps: all ${#packages[@]} packages are installed already"
    exit 0
fi

as_root=()
if [[ $EUID -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
        echo "install-deps: needs root (or sudo) to install: ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "install-deps: $((${#packages[@]} - ${#missing[@]})) packages are here, installing: ${missing[*]}"

# While this file says 101, no package starts its service.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
fi

apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0)
"${apt[@]}" update >/dev/null
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null

for package in "${missing[@]}"; do
    if [[ " ${services[*]} " == *" $package "* && -d /run/systemd/system ]]; then
        unit=${package%.io}
        unit=${unit%-light}
        "${as_root[@]}" systemctl disable --quiet "$unit" 2>/dev/null || true
        [[ $unit != docker ]] || "${as_root[@]}" systemctl disable --quiet docker.socket 2>/dev/null || true
        echo "install-deps: $package is installed; its service is neither started nor enabled"
    fi
done
echo "install-deps: installed ${#missing[@]} packages"
