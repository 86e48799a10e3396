#!/usr/bin/env bash
# Restores exactly the packages of the lock files and builds the solution, or one project: build.sh [PROJECT].
set -euo pipefail
cd "$(dirname "$0")/.."
say_as="build"
# shellcheck source=hack/lib.sh
. hack/lib.sh

command -v dotnet >/dev/null || fail "the .NET SDK is missing; $(sed -n 's/.*"version": "\([0-9]*\)\..*/version \1/p' global.json) or later is needed."
target="${1:-BreakGlassOperator.sln}"
started=$SECONDS
say "restoring and building ${1:-the solution} (Release; about a minute the first time)"
# No build server is left running; a project that is built already is only checked.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
dotnet restore "$target" --locked-mode -v quiet ||
    fail "restore failed. If packages were changed on purpose: run 'dotnet restore' and commit the packages.lock.json files that it wrote."
dotnet build "$target" -c Release --no-restore -v quiet -warnaserror -p:UseSharedCompilation=false -clp:NoSummary ||
    fail "the build failed; see the errors above."
say "built in $((SECONDS - started)) s"
