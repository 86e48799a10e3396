#!/usr/bin/env bash
# Runs the benchmarks on a quiet machine's real control plane; arguments go to the benchmark program.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
"$root/hack/control-plane-binaries.sh" >/dev/null
"$root/hack/ensure-kubectl.sh" >/dev/null
"$root/hack/build.sh" tests/Benchmarks
cd "$root"
exec dotnet artifacts/bin/Benchmarks/release/Benchmarks.dll "$@"
