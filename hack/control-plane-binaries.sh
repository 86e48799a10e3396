#!/usr/bin/env bash
# Prints the directory that holds etcd, kube-apiserver and kube-controller-manager; installs or builds what is missing.
#
# Each binary is looked for, one by one, in this order:
#   1. $KUBEBUILDER_ASSETS                     (any Kubernetes release from 1.20 on)
#   2. setup-envtest, where it is on the PATH  ("setup-envtest use -p path")
#   3. the cache, which is filled once: etcd from Debian's package etcd-server, the two Kubernetes binaries from
#      Debian's own source package "kubernetes" (1.20.2), built with Debian's golang-go.
# kube-controller-manager is not part of the envtest bundles; where it is missing there, step 3 supplies it.
#
# Output: one directory on stdout, with links to the three binaries. Progress goes to stderr.
# Environment: BREAKGLASS_CACHE (default: ${XDG_CACHE_HOME:-~/.cache}/breakglass-operator) is where builds are kept.
set -euo pipefail

cache="${BREAKGLASS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/breakglass-operator}"
built="$cache/debian-kubernetes-1.20.2"
mkdir -p "$built"

say() { printf '\033[2m[control plane]\033[0m %s\n' "$*" >&2; }
fail() { printf '[control plane] %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"
    else fail "needs root to run: $*. Run it yourself, or point KUBEBUILDER_ASSETS at a directory with the binaries."; fi
}

apt_updated=""
apt_install() { # apt_install PACKAGE...
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] && return
    command -v apt-get >/dev/null || fail "this is no Debian: install ${missing[*]} yourself, or set KUBEBUILDER_ASSETS."
    if [ -z "$apt_updated" ]; then as_root apt-get update -qq >&2; apt_updated=1; fi
    say "installing ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

install_etcd() {
    local before=""
    dpkg-query -W -f '${Status}' etcd-server 2>/dev/null | grep -q 'ok installed' && before=1
    apt_install etcd-server
    # The package starts a service of its own; the tests start theirs on free ports, so that one is not wanted.
    if [ -z "$before" ] && command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then
        as_root systemctl disable --now etcd.service >&2 2>/dev/null || true
    fi
    ln -sf "$(command -v etcd)" "$built/etcd"
}

build_kubernetes() {
    local work log
    work="$(mktemp -d "$cache/build.XXXXXX")"
    log="$built/build.log"
    trap 'rm -rf "$work"' RETURN
    say "building kube-apiserver and kube-controller-manager 1.20.2 from Debian's source package."
    say "this happens once and takes 5 to 10 minutes on two cores; the log is $log"
    apt_install golang-go golang-github-modern-go-reflect2-dev dpkg-dev make rsync

    # A source entry made from this machine's own binary entries, in a list of its own: nothing of the machine's is changed.
    mkdir -p "$work/apt/lists/partial" "$work/apt/sources"
    for f in /etc/apt/sources.list.d/*.sources; do
        [ -e "$f" ] && sed 's/^Types:.*/Types: deb-src/' "$f" > "$work/apt/sources/$(basename "$f")"
    done
    for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -e "$f" ] && sed -n 's/^deb\(-src\)\?[[:space:]]/deb-src /p' "$f" | sort -u > "$work/apt/sources/$(basename "$f" .list).list"
    done
    local apt=(-o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$work/apt/sources" -o "Dir::State::lists=$work/apt/lists"
               -o "APT::Get::List-Cleanup=0" -o "APT::Sandbox::User=root" -o "Dir::Cache::srcpkgcache=" -o "Dir::Cache::pkgcache=")
    apt-get "${apt[@]}" update -qq >"$log" 2>&1 || say "some source lists could not be read; going on with the others"
    (cd "$work" && apt-get "${apt[@]}" source -qq --download-only "kubernetes=1.20.2*" >>"$log" 2>&1) ||
    (cd "$work" && apt-get "${apt[@]}" source -qq --download-only kubernetes >>"$log" 2>&1) ||
        fail "Debian's source package 'kubernetes' could not be fetched; see $log"
    local go_path="$work/go" root="$work/go/src/k8s.io/kubernetes"
    mkdir -p "$go_path/src/k8s.io"
    (cd "$work" && dpkg-source --no-check -x kubernetes_*.dsc "$root" >>"$log" 2>&1) || fail "the source package did not unpack; see $log"

    # reflect2 as vendored corrupts memory under Go 1.18 and later (the API server dies under load).
    local vendored="$root/vendor/github.com/modern-go/reflect2"
    rm -rf "$vendored"
    cp -r /usr/share/gocode/src/github.com/modern-go/reflect2 "$vendored"

    (cd "$root" && env -u GOFLAGS GOPATH="$go_path" GO111MODULE=off GOCACHE="$work/gocache" KUBE_GIT_VERSION=v1.20.2 KUBE_GIT_TREE_STATE=clean \
        KUBE_GIT_COMMIT=debian KUBE_GIT_MAJOR=1 KUBE_GIT_MINOR=20 \
        make WHAT="cmd/kube-apiserver cmd/kube-controller-manager" >>"$log" 2>&1) || fail "the build failed; see the end of $log"
    for binary in kube-apiserver kube-controller-manager; do
        local found
        found="$(find "$root/_output" "$go_path/bin" -type f -name "$binary" 2>/dev/null | head -n 1)"
        [ -n "$found" ] || fail "the build left no $binary; see $log"
        cp "$found" "$built/$binary.new" && mv "$built/$binary.new" "$built/$binary"
    done
    say "built; kept in $built"
}

assets="${KUBEBUILDER_ASSETS:-}"
if [ -n "$assets" ] && [ ! -x "$assets/kube-apiserver" ]; then
    fail "KUBEBUILDER_ASSETS is $assets, but there is no kube-apiserver in it. Unset it, or point it at an envtest directory."
fi
if [ -z "$assets" ] && command -v setup-envtest >/dev/null; then
    assets="$(setup-envtest use -p path 2>/dev/null || true)"
fi

if [ -z "$assets" ]; then key=debian; else key="assets-$(printf '%s' "$assets" | cksum | cut -d' ' -f1)"; fi
links="$cache/bin/$key"
mkdir -p "$links"

# Two test projects may ask at once; one builds, the other waits for it.
exec 9>"$cache/lock"
flock 9

for binary in etcd kube-apiserver kube-controller-manager; do
    if [ -n "$assets" ] && [ -x "$assets/$binary" ]; then ln -sfn "$assets/$binary" "$links/$binary"; continue; fi
    if [ "$binary" = etcd ]; then
        [ -x "$built/etcd" ] || install_etcd
    elif [ ! -x "$built/$binary" ]; then
        build_kubernetes
    fi
    ln -sfn "$built/$binary" "$links/$binary"
done
printf '%s\n' "$links"
