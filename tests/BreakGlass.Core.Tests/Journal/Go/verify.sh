#!/usr/bin/env bash
# Verifies a journal with Go's x/mod/sumdb: verify.sh DIRECTORY VERIFIER-KEY SIGNING-KEY PROOFS
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cd "$here/../../../.."
say_as="journal"
# shellcheck source=hack/lib.sh
. hack/lib.sh
need go golang-go
apt_install golang-golang-x-mod-dev
export GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS="" CGO_ENABLED=0 GOCACHE="${GOCACHE:-$breakglass_cache/go-build}"
exec go run "$here/main.go" "$@"
