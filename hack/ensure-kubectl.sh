#!/usr/bin/env bash
# Prints the path of kubectl: the one on the PATH, else the one of $KUBEBUILDER_ASSETS, else that of Debian's package kubernetes-client.
set -euo pipefail
say_as="kubectl"
# shellcheck source=hack/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v kubectl >/dev/null; then
    if [ -x "${KUBEBUILDER_ASSETS:-}/kubectl" ]; then printf '%s\n' "$KUBEBUILDER_ASSETS/kubectl"; exit; fi
    apt_install kubernetes-client
fi
command -v kubectl || fail "Debian's package kubernetes-client brought no kubectl onto the PATH: install one by hand."
