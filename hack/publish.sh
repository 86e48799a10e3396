#!/usr/bin/env bash
# Publishes the operator as one self-contained, trimmed file, compiled ahead of time (ReadyToRun), into artifacts/publish.
# Arguments go to "dotnet publish"; RID (default: this machine's) is the .NET runtime identifier to publish for, PROJECT another program
# below src/, e.g. BreakGlass.Cli.
set -euo pipefail
cd "$(dirname "$0")/.."
say_as="publish"
# shellcheck source=hack/lib.sh
. hack/lib.sh

command -v dotnet >/dev/null || fail "the .NET SDK is missing."
case "$(uname -m)" in aarch64) rid=linux-arm64 ;; *) rid=linux-x64 ;; esac
rid="${RID:-$rid}" project="${PROJECT:-BreakGlass.Operator}"
program="$(sed -n 's/.*<AssemblyName>\(.*\)<.*/\1/p' "src/$project/$project.csproj")"
target="$PWD/artifacts/publish/$program-$rid"
say "publishing $program for $rid, about a minute"
# The committed lock files hold the packages of the build; what only one platform's publication needs goes into others, beside them.
dotnet publish "src/$project" -c Release -r "$rid" --self-contained -v quiet -warnaserror \
    -p:PublishTrimmed=true -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:TrimmerSingleWarn=false \
    -p:NuGetLockFilePath=obj/publish.lock.json -p:UseSharedCompilation=false -o "$target" "$@"
say "$(du -h "$target/$program" | cut -f1) in $target/$program"
