#!/usr/bin/env bash
# Runs the operator from source against the current kubeconfig context; arguments go to the operator.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
say_as="run"
# shellcheck source=hack/lib.sh
. "$root/hack/lib.sh"

"$root/hack/build.sh" src/BreakGlass.Operator
kubectl="$("$root/hack/ensure-kubectl.sh")"
say "context: $("$kubectl" config current-context 2>/dev/null || echo 'none; the operator will say where it looked')"
say "the CRDs and the RBAC rules must be there: kubectl apply -k config/crd, kubectl apply -k config/rbac"
exec dotnet "$root/artifacts/bin/BreakGlass.Operator/release/breakglass-operator.dll" "$@"
