#!/usr/bin/env bash
# People use the operator on a control plane of its own while one thing after another breaks, and an observer looks all the time whether access is open that
# must not be: docs/development.md, "The soak". Exit code 1 if anything was; what it was, the seed and the history are printed.
#
#   SOAK          how long (default 30m; 6h, 90s); what follows it takes up to three minutes more
#   SOAK_SEED     a number; the same seed gives the same people and the same faults in the same order (default: another one each time)
#   SOAK_FAULTS   only these, in this order, with commas between, e.g. LeaderKilled,ServerFrozen
#   OPERATOR      the operator's program, or a .dll; by default the Release build of this checkout
# KUBEBUILDER_ASSETS chooses the Kubernetes release, as for the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
say_as="soak"
# shellcheck source=hack/lib.sh
. hack/lib.sh

hack/control-plane-binaries.sh >/dev/null
hack/ensure-kubectl.sh >/dev/null
hack/ensure-helm.sh >/dev/null
need curl curl; need openssl openssl
hack/build.sh tests/Soak
exec dotnet artifacts/bin/Soak/release/Soak.dll
