#!/usr/bin/env bash
# Runs the operator from source against the current kubeconfig context, with the rights of that context's user, until Ctrl-C.
# Arguments go to the operator; --kubeconfig and --context choose another cluster.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
say_as="run"
# shellcheck source=hack/lib.sh
. "$root/hack/lib.sh"

cluster=() trusts="${BREAKGLASS_TRUST_REQUESTER:-}" before=""
if [ -n "${BREAKGLASS_CONTEXT:-}" ]; then cluster=(--context="$BREAKGLASS_CONTEXT"); fi
for argument in "$@"; do
    case "$argument" in
        -h | --help | help)
            "$root/hack/build.sh" src/BreakGlass.Operator
            exec dotnet "$root/artifacts/bin/BreakGlass.Operator/release/breakglass-operator.dll" --help ;;
        --kubeconfig=* | --context=*) cluster+=("$argument") ;;
        --trust-requester) trusts=true ;;
        --trust-requester=*) trusts="${argument#*=}" ;;
    esac
    case "$before" in --kubeconfig | --context) cluster+=("$before=$argument") ;; esac
    before="$argument"
done

kubectl="$("$root/hack/ensure-kubectl.sh")"
ask() { "$kubectl" "${cluster[@]}" --request-timeout=10s "$@"; }

server="$(ask config view --minify -o 'jsonpath={.clusters[0].cluster.server}')" || server=""
[ -n "$server" ] ||
    fail "kubectl knows no cluster: set KUBECONFIG, or choose one with ARGS=\"--kubeconfig FILE\" or ARGS=\"--context NAME\"."
context="$(ask config view --minify -o 'jsonpath={.contexts[0].name}')"
say "runs the operator from source, as a process on this machine, against the context $context ($server)"
say "it acts with the rights of that context's user, and shares the lease with an operator that runs in the cluster: one of them acts"
ask get crd/breakglassgrants.breakglass.dev crd/breakglasspolicies.breakglass.dev -o name >/dev/null ||
    fail "the cluster has no BreakGlass CRDs, or cannot be reached (see above). Install them: kubectl apply -k config/crd && kubectl apply -k config/rbac"
ask get namespace/breakglass-system namespace/breakglass-grants -o name >/dev/null ||
    fail "the operator's namespaces are missing. Install them: kubectl apply -k config/rbac"
case "${trusts,,}" in
    true | 1) say "WARNING: --trust-requester is set: whoever may create grants here can name anybody as the requester. For trying things out only." ;;
    *) say "WARNING: --trust-requester is not set. The API server cannot reach the admission webhooks of a process on this machine, so new grants will be"
        say "         Denied (RequesterNotSealed). In a cluster for trying things out: make run ARGS='--trust-requester --webhook=false'" ;;
esac

"$root/hack/build.sh" src/BreakGlass.Operator
say "starting; its log follows, metrics and health are on 127.0.0.1:8080 unless --http-address says otherwise. Ctrl-C ends it"
BREAKGLASS_HTTP_ADDRESS="${BREAKGLASS_HTTP_ADDRESS:-127.0.0.1:8080}" \
    exec dotnet "$root/artifacts/bin/BreakGlass.Operator/release/breakglass-operator.dll" "$@"
