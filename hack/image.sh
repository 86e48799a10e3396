#!/usr/bin/env bash
# Builds the image from the commit that is checked out: image.sh [NAME:TAG]. With podman, buildah or docker, whichever is there.
# Environment: BUILDER chooses one of them; REGISTRY is where the .NET images are, with a slash at the end; further arguments after the name go to "build".
set -euo pipefail
cd "$(dirname "$0")/.."
say_as="image"
# shellcheck source=hack/lib.sh
. hack/lib.sh

version="$(sed -n 's/.*<Version>\(.*\)<.*/\1/p' Directory.Build.props)"
name="${1:-breakglass-operator:$version}"; shift || true
commit="$(git rev-parse HEAD)" epoch="$(git log -1 --format=%ct)"
if [ -n "$(git status --porcelain -- src hack Directory.*.props global.json Dockerfile .dockerignore .editorconfig BannedSymbols.txt LICENSE)" ]; then
    say "there are changes that are not committed: the image is marked as such, and nobody can make it again"
    commit="$commit-dirty"
fi
builder="${BUILDER:-}"
for tool in podman buildah docker; do
    if [ -z "$builder" ] && command -v "$tool" >/dev/null; then builder="$tool"; fi
done
[ -n "$builder" ] || fail "neither podman nor buildah nor docker is there: install one of them, then try again."

# With every time the commit's, the same commit gives the same image. docker takes it from the argument.
times=(--timestamp "$epoch")
if [ "$builder" = docker ]; then times=(--output "type=docker,rewrite-timestamp=true"); fi
say "building $name with $builder; some minutes"
"$builder" build --file Dockerfile --tag "$name" "${times[@]}" --build-arg "REGISTRY=${REGISTRY:-}" --build-arg "VERSION=$version" \
    --build-arg "COMMIT=$commit" --build-arg "SOURCE_DATE_EPOCH=$epoch" "$@" .
say "built $name from $commit"
