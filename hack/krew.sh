#!/usr/bin/env bash
# Makes what a release of the kubectl plugin for krew consists of, from what hack/publish.sh left: an archive for each platform that was published, and the
# manifest with their sums. The same files give the same archives.
#   krew.sh URL          URL is where the archives will be downloaded from; nothing is uploaded
#   krew.sh --check URL  writes nothing; ends with 1 where archives or manifest are not what the published files give
# Environment: PUBLISHED (default artifacts/publish), OUTPUT (default artifacts/krew), SOURCE_DATE_EPOCH (default the commit's).
set -euo pipefail
cd "$(dirname "$0")/.."
say_as="krew"
# shellcheck source=hack/lib.sh
. hack/lib.sh

check=""
if [ "${1:-}" = --check ]; then check=1; shift; fi
url="${1:-}"
case "$url" in
    https://*) ;;
    *) fail "the address that the archives will be downloaded from is missing, e.g. krew.sh https://downloads.example.com/breakglass/v0.1.0" ;;
esac
version="$(sed -n 's/.*<Version>\(.*\)<.*/\1/p' Directory.Build.props)"
published="${PUBLISHED:-artifacts/publish}" output="${OUTPUT:-artifacts/krew}" epoch="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
made="$(mktemp -d)"
trap 'rm -rf "$made"' EXIT

platform() { # platform RID: "os arch", as krew names them
    case "$1" in
        linux-x64) echo linux amd64 ;; linux-arm64) echo linux arm64 ;; osx-x64) echo darwin amd64 ;; osx-arm64) echo darwin arm64 ;;
        *) fail "krew has no name here for the platform $1: add it to hack/krew.sh." ;;
    esac
}
archive() { # archive DIRECTORY FILE: the program and its licence, with nothing of this machine in it
    install -D -m 755 "$1/kubectl-breakglass" "$made/content/kubectl-breakglass"
    install -D -m 644 LICENSE "$made/content/LICENSE"
    tar -C "$made/content" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -cf - LICENSE kubectl-breakglass | gzip -n -9 > "$2"
    rm -rf "$made/content"
}
tells() { # tells PROGRAM: what it says its version is; nothing where it is for another machine
    "$1" --version 2>/dev/null || true
}

sed "s/vVERSION/v$version/" deploy/krew/breakglass.yaml.tmpl > "$made/breakglass.yaml"
found=""
for directory in "$published"/kubectl-breakglass-*/; do
    [ -x "$directory/kubectl-breakglass" ] || continue
    rid="$(basename "$directory")"; rid="${rid#kubectl-breakglass-}"
    names="$(platform "$rid")"; read -r os arch <<<"$names"
    says="$(tells "$directory/kubectl-breakglass")"
    case "$says" in
        "" | "$version" | "$version+"*) ;;
        *) fail "$directory holds version $says, and this is $version: run hack/publish.sh plugin again." ;;
    esac
    found="$made/kubectl-breakglass-$rid.tar.gz"
    archive "$directory" "$found"
    cat >> "$made/breakglass.yaml" <<EOF
  - selector:
      matchLabels: {os: $os, arch: $arch}
    uri: ${url%/}/kubectl-breakglass-$rid.tar.gz
    sha256: $(sha256sum "$found" | cut -d' ' -f1)
    bin: kubectl-breakglass
    files:
    - {from: kubectl-breakglass, to: .}
    - {from: LICENSE, to: .}
EOF
done
[ -n "$found" ] || fail "there is no published plugin in $published: run hack/publish.sh plugin first (RID=linux-arm64 for another platform)."

if [ -n "$check" ]; then
    diff -r "$made" "$output" >&2 || fail "$output is not what $published gives: run hack/krew.sh $url."
    exit 0
fi
mkdir -p "$output"
rm -f "$output"/breakglass.yaml "$output"/kubectl-breakglass-*.tar.gz
cp "$made"/* "$output/"
say "wrote $output; try it: kubectl krew install --manifest=$output/breakglass.yaml --archive=$output/${found##*/}"
