#!/usr/bin/env bash
# Publishes the operator and the kubectl plugin, each as one self-contained, trimmed file, compiled ahead of time (ReadyToRun), into artifacts/publish.
#   publish.sh [operator|plugin|all] [ARGUMENTS FOR dotnet publish]     (default: all)
# RID (default: this machine's) is the .NET runtime identifier to publish for.
set -euo pipefail
cd "$(dirname "$0")/.."
say_as="publish"
# shellcheck source=hack/lib.sh
. hack/lib.sh

command -v dotnet >/dev/null || fail "the .NET SDK is missing."
case "$(uname -m)" in aarch64) rid=linux-arm64 ;; *) rid=linux-x64 ;; esac
rid="${RID:-$rid}"
what=all
case "${1:-}" in operator | plugin | all) what="$1"; shift ;; esac

publish() { # publish PROJECT NAME [ARGUMENTS]
    local project="$1" name="$2" target="$PWD/artifacts/publish/$2-$rid"
    shift 2
    say "publishing $name for $rid, about a minute"
    # The committed lock files hold the packages of the build; what only one platform's publication needs goes into others, beside them.
    dotnet publish "src/$project" -c Release -r "$rid" --self-contained -v quiet -warnaserror \
        -p:PublishTrimmed=true -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:TrimmerSingleWarn=false \
        -p:NuGetLockFilePath=obj/publish.lock.json -p:UseSharedCompilation=false -o "$target" "$@"
    say "$(du -h "$target/$name" | cut -f1) in $target/$name"
}

if [ "$what" != plugin ]; then publish BreakGlass.Operator breakglass-operator "$@"; fi
if [ "$what" != operator ]; then publish BreakGlass.Cli kubectl-breakglass "$@"; fi
