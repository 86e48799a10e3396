#!/usr/bin/env bash
# Writes what is made from config/: the chart's copies and deploy/install.yaml. "render.sh --check" writes nothing, says what differs, and ends with 1.
set -euo pipefail
cd "$(dirname "$0")/.."
say_as="render"
# shellcheck source=hack/lib.sh
. hack/lib.sh

# A pinned kubectl: another release's kustomize orders and folds lines in another way.
kubectl="$(hack/ensure-helm.sh kubectl)"
made="$(mktemp -d)"
trap 'rm -rf "$made"' EXIT
files="$made/charts/breakglass-operator/files"

mkdir -p "$files/crd" "$files/guard" "$files/rbac" "$files/stamp" "$files/flowcontrol" "$made/deploy"
for file in config/crd/*.breakglass.dev.yaml; do cp "$file" "$files/crd/"; done
for file in operator operator_bind operator_grants operator_system drills reaper users; do cp "config/rbac/$file.yaml" "$files/rbac/"; done
cp config/components/leftovers-look/operator_look.yaml "$files/rbac/"
cp config/components/gateway/rbac.yaml "$files/rbac/gateway.yaml"
cp config/guard/roles.yaml config/guard/policy.yaml config/guard/policy_namespaces.yaml config/guard/policy_stamp.yaml config/guard/fence.yaml "$files/guard/"
cp config/flowcontrol/flow_schemas.yaml "$files/flowcontrol/"
cp config/components/stamp-policy/policy.yaml "$files/stamp/"
cp config/components/selectable-fields/kustomization.yaml "$files/selectable-fields.yaml"
if [ -e config/prometheus/rules.yaml ]; then cp config/prometheus/rules.yaml "$files/rules.yaml"; fi
if [ -e config/grafana/breakglass-operator.json ]; then cp config/grafana/breakglass-operator.json "$files/dashboard.json"; fi
# install NAME KUSTOMIZATION COMMENT-LINE...
install_file() {
    { printf '# Made from %s by hack/render.sh. Do not edit.\n' "$2"; printf '# %s\n' "${@:3}"; "$kubectl" kustomize "$2"; } > "$made/deploy/$1"
}
install_file install.yaml config/install "Kubernetes 1.29 and later: kubectl apply --server-side -f install.yaml"
install_file guard.yaml config/guard "The persistence guard for Kubernetes 1.30 and later, beside install.yaml."

if [ "${1:-}" = --check ]; then
    (cd "$made" && find . -type f) | sort > "$made.list"
    status=0
    while read -r file; do
        diff -q "$file" "$made/$file" >/dev/null 2>&1 || { say "${file#./} is not what config/ gives: run 'make generate' and commit it."; status=1; }
    done < "$made.list"
    # Nothing else may stand among the copies.
    while read -r file; do
        grep -qxF "./$file" "$made.list" || { say "$file has no source in config/: remove it."; status=1; }
    done < <(find charts/breakglass-operator/files -type f)
    rm -f "$made.list"
    exit "$status"
fi
rm -rf charts/breakglass-operator/files
cp -r "$made/." .
say "wrote the chart's copies and deploy/install.yaml, deploy/guard.yaml"
