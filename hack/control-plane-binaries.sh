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
# With --if-present nothing is installed, built or downloaded: exit code 3 where a binary is missing.
# Environment: BREAKGLASS_CACHE (default: ${XDG_CACHE_HOME:-~/.cache}/breakglass-operator) is where builds are kept.
set -euo pipefail
say_as="control plane"
# shellcheck source=hack/lib.sh
. "$(dirname "$0")/lib.sh"

only_present="" installed=()
if [ "${1:-}" = --if-present ]; then only_present=1 installed=(-i); fi

cache="$breakglass_cache"
built="$cache/debian-kubernetes-1.20.2"
mkdir -p "$built"

install_etcd() {
    local before=""
    package_installed etcd-server && before=1
    apt_install etcd-server
    # The package starts a service of its own; the tests start theirs on free ports, so that one is not wanted.
    if [ -z "$before" ] && command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then
        as_root systemctl disable --now etcd.service >&2 2>/dev/null || true
    fi
    ln -sfn "$(command -v etcd)" "$built/etcd"
}

# A source entry made from this machine's own binary entries, in a list of its own: nothing of the machine's is changed.
fetch_source() { # fetch_source DIRECTORY LOG
    local work="$1" log="$2" entry
    mkdir -p "$work/apt/lists/partial" "$work/apt/sources" "$work/apt/cache/archives/partial"
    for entry in /etc/apt/sources.list.d/*.sources; do
        [ ! -e "$entry" ] || sed 's/^Types:.*/Types: deb-src/' "$entry" > "$work/apt/sources/$(basename "$entry")"
    done
    for entry in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -e "$entry" ] ||
            sed -n 's/^deb\(-src\)\?[[:space:]]/deb-src /p' "$entry" | sort -u > "$work/apt/sources/$(basename "$entry" .list).list"
    done
    local apt=(-o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$work/apt/sources" -o "Dir::State::lists=$work/apt/lists"
               -o "Dir::Cache=$work/apt/cache" -o "APT::Get::List-Cleanup=0" -o "APT::Sandbox::User=root")
    apt-get "${apt[@]}" update -qq >>"$log" 2>&1 || say "some source lists could not be read; going on with the others"
    (cd "$work" && apt-get "${apt[@]}" source -qq --download-only kubernetes >>"$log" 2>&1) ||
        fail "Debian's source package 'kubernetes' could not be fetched; see $log, or point KUBEBUILDER_ASSETS at an envtest directory."
    compgen -G "$work/kubernetes_*1.20.2*.dsc" >/dev/null ||
        fail "Debian's source package 'kubernetes' is not 1.20.2 here: $(cd "$work" && echo *.dsc). Point KUBEBUILDER_ASSETS at an envtest directory."
}

build_kubernetes() {
    local log="$built/build.log" started=$SECONDS work go_path root vendored binary
    say "building kube-apiserver and kube-controller-manager 1.20.2 from Debian's source package."
    say "this happens once and takes 5 to 10 minutes on two cores; the log is $log"
    apt_install golang-go golang-github-modern-go-reflect2-dev dpkg-dev make rsync
    work="$(mktemp -d "$cache/build.XXXXXX")"
    # shellcheck disable=SC2064 # the directory's name is wanted as it is now
    trap "rm -rf '$work'" EXIT
    go_path="$work/go" root="$work/go/src/k8s.io/kubernetes"
    mkdir -p "$go_path/src/k8s.io"
    : > "$log"
    fetch_source "$work" "$log"
    (cd "$work" && dpkg-source --no-check -x kubernetes_*.dsc "$root" >>"$log" 2>&1) || fail "the source package did not unpack; see $log"

    # reflect2 as vendored corrupts memory under Go 1.18 and later (the API server dies under load).
    vendored="$root/vendor/github.com/modern-go/reflect2"
    rm -rf "$vendored"
    cp -r /usr/share/gocode/src/github.com/modern-go/reflect2 "$vendored"

    (cd "$root" && env -u GOFLAGS GOPATH="$go_path" GO111MODULE=off GOCACHE="$work/gocache" KUBE_GIT_VERSION=v1.20.2 KUBE_GIT_TREE_STATE=clean \
        KUBE_GIT_COMMIT=debian KUBE_GIT_MAJOR=1 KUBE_GIT_MINOR=20 \
        make WHAT="cmd/kube-apiserver cmd/kube-controller-manager" >>"$log" 2>&1) || fail "the build failed; see the end of $log"
    for binary in kube-apiserver kube-controller-manager; do
        [ -x "$root/_output/local/go/bin/$binary" ] || fail "the build left no $binary; see $log"
        cp "$root/_output/local/go/bin/$binary" "$built/$binary.new" && mv "$built/$binary.new" "$built/$binary"
    done
    chmod -R u+w "$work" && rm -rf "$work"
    trap - EXIT
    say "built in $((SECONDS - started)) s; kept in $built"
}

assets="${KUBEBUILDER_ASSETS:-}"
if [ -n "$assets" ] && [ ! -x "$assets/kube-apiserver" ]; then
    fail "KUBEBUILDER_ASSETS is $assets, but there is no kube-apiserver in it. Unset it, or point it at an envtest directory."
fi
if [ -z "$assets" ] && command -v setup-envtest >/dev/null; then
    assets="$(setup-envtest use "${installed[@]}" -p path 2>/dev/null || true)"
fi
if [ -n "$assets" ]; then assets="$(cd "$assets" && pwd)"; fi

if [ -z "$assets" ]; then key=debian; else key="assets-$(printf '%s' "$assets" | cksum | cut -d' ' -f1)"; fi
links="$cache/bin/$key"
mkdir -p "$links"

if [ -n "$only_present" ]; then
    for binary in etcd kube-apiserver kube-controller-manager; do
        [ -x "${assets:-/nowhere}/$binary" ] || [ -x "$built/$binary" ] || exit 3
    done
fi

# Two test projects may ask at once; one builds, the other waits for it.
exec 9>"$cache/lock"
flock -n 9 || { say "another run is installing or building the binaries; waiting for it (up to 10 minutes)"; flock 9; }
rm -rf "$cache"/build.*    # left by a run that was killed: whoever gets here holds the lock

link() { # link TARGET NAME: only where it is not so already, for others may be starting it
    [ "$(readlink "$links/$2" || true)" = "$1" ] || ln -sfn "$1" "$links/$2"
}
for binary in etcd kube-apiserver kube-controller-manager; do
    if [ -n "$assets" ] && [ -x "$assets/$binary" ]; then link "$assets/$binary" "$binary"; continue; fi
    if [ ! -x "$built/$binary" ]; then
        if [ "$binary" = etcd ]; then install_etcd; else build_kubernetes; fi
    fi
    link "$built/$binary" "$binary"
done
printf '%s\n' "$links"
