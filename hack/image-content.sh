#!/usr/bin/env bash
# Makes what the image holds beside its base: image-content.sh DIRECTORY. The Dockerfile runs it; VERSION, COMMIT and SOURCE_DATE_EPOCH are its arguments.
set -euo pipefail
cd "$(dirname "$0")/.."
to="$1"
mkdir -p "$to/usr/local/bin" "$to/usr/share/doc/breakglass-operator"

revision=()
if [ -n "${COMMIT:-}" ]; then revision=("-p:SourceRevisionId=$COMMIT"); fi
# The plugin is in the image too, so that a pipeline can take it from there: COPY --from, or docker cp.
hack/publish.sh all "-p:Version=${VERSION:-0.0.0}" "${revision[@]}" -p:DebugType=none >&2
install -m 755 artifacts/publish/breakglass-operator-*/breakglass-operator "$to/breakglass-operator"
install -m 755 artifacts/publish/kubectl-breakglass-*/kubectl-breakglass "$to/usr/local/bin/kubectl-breakglass"
install -m 644 LICENSE "$to/usr/share/doc/breakglass-operator/LICENSE"
hack/sbom.sh > "$to/usr/share/doc/breakglass-operator/sbom.spdx.json"
# Files that the build made at other times would make another layer.
find "$to" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
