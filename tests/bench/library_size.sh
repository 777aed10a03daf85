#!/usr/bin/env bash
# How large the shared C library is without its symbols: without its optional features, and as it is built
# unless said otherwise, with all of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
built=${CARGO_TARGET_DIR:-target}/release/libprotector.so
stripped=$(mktemp -t libprotector.XXXXXX)
trap 'rm -f "$stripped"' EXIT

size() {
    strip --strip-unneeded -o "$stripped" "$built"
    awk -v bytes="$(stat -c %s "$stripped")" -v of="$1" 'BEGIN { printf "libprotector.so %-26s %5.1f MB\n", of, bytes / 1e6 }'
}

cargo build --release --locked --quiet -p protector-ffi --no-default-features
size "without optional features"
# last, so that what stays is the whole library
cargo build --release --locked --quiet -p protector-ffi
size "whole"
