#!/usr/bin/env bash
# Writes the files that are made from the C# types; "generate.sh --check" only says which are not what the types give.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
"$root/hack/build.sh" src/BreakGlass.CrdGen
what=generate
if [ "${1:-}" = --check ]; then what=check; fi
exec dotnet "$root/artifacts/bin/BreakGlass.CrdGen/release/BreakGlass.CrdGen.dll" "$what" "$root"
