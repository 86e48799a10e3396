#!/usr/bin/env bash
# Measures the operator, as it is published, against the floor on a control plane of its own, and keeps the figures in docs/performance.md.
# A whole run takes about fifteen minutes; the machine should have nothing else to do.
#
#   ONLY=latency,requests,expiry,lockdown,vouchers,size,journal,gateway   only these groups of figures (printed, not kept, except those of gateway)
#   QUICK=1                             a tenth of everything, to see that it works (printed, not kept)
#   OPERATOR=FILE                       another binary, or a .dll; by default what hack/publish.sh makes, made anew where sources are newer
# Further arguments go to the benchmark program.
set -euo pipefail
cd "$(dirname "$0")/.."
say_as="bench"
# shellcheck source=hack/lib.sh
. hack/lib.sh

published() { # prints the published binary; publishes it first where it is missing or older than the sources
    local rid binary
    case "$(uname -m)" in aarch64) rid=linux-arm64 ;; *) rid=linux-x64 ;; esac
    binary="$PWD/artifacts/publish/breakglass-operator-$rid/breakglass-operator"
    if [ ! -x "$binary" ] || [ -n "$(find src Directory.*.props -newer "$binary" -name '*.*s*' -not -path '*/obj/*' -print -quit)" ]; then
        RID="$rid" hack/publish.sh operator >&2 || return 1
        touch "$binary"
    fi
    echo "$binary"
}

hack/control-plane-binaries.sh >/dev/null
hack/ensure-kubectl.sh >/dev/null
case ",${ONLY:-gateway}," in *,gateway,*) need nginx nginx-light ;; esac
operator="${OPERATOR:-}"
if [ -z "$operator" ] && ! operator="$(published)"; then
    say "it cannot be published on this machine (see above): measuring the ordinary Release build instead"
    hack/build.sh src/BreakGlass.Operator
    operator="$PWD/artifacts/bin/BreakGlass.Operator/release/breakglass-operator.dll"
fi
hack/build.sh tests/Benchmarks
hack/build.sh tests/DemoKubelet
arguments=(--operator="$operator" --write=docs/performance.md)
if [ -n "${ONLY:-}" ]; then arguments+=(--only="$ONLY"); fi
if [ -n "${QUICK:-}" ]; then arguments+=(--quick); fi
exec dotnet artifacts/bin/Benchmarks/release/Benchmarks.dll "${arguments[@]}" "$@"
