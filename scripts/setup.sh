#!/bin/sh
# Installs the Debian packages that are missing; says which, and what to do where it may not.
set -eu

packages="libopenmpi-dev openmpi-bin libopenblas-dev libsqlite3-dev zlib1g-dev pkg-config dataset-fashion-mnist"

if ! command -v swift >/dev/null 2>&1; then
    echo "ncsweep: no Swift toolchain on PATH; install Swift 6.1 or newer from https://www.swift.org/install" >&2
    exit 1
fi
if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "ncsweep: this system has no dpkg; install the equivalents of: $packages" >&2
    exit 0
fi

missing=""
for package in $packages; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    # pkgconf provides pkg-config under another name.
    if [ "$package" = pkg-config ] && command -v pkg-config >/dev/null 2>&1; then continue; fi
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root="sudo"
else
    echo "ncsweep: missing packages, and no right to install them; ask an administrator for: apt-get install$missing" >&2
    exit 1
fi

echo "ncsweep: installing$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "ncsweep: apt-get failed (whole log: $log); install by hand: apt-get install$missing" >&2
    exit 1
fi
rm -f "$log"
