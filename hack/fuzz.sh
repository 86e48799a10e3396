#!/usr/bin/env bash
# Throws mutated admission reviews at the code of both webhook endpoints, in one process. Each must be answered in a known form, no handler may throw, and
# no grant may be let in under another name than the caller's. What breaks that is printed as base64, to be made a test of.
# Then throws as many changed vouchers and proofs at the code that reads them: none may be accepted, and nothing may be thrown.
#
#   FUZZ_INPUTS   how many of each (default 1000000)
#   FUZZ_SEED     a number; the same seed gives the same inputs (default: the seconds of the clock)
set -euo pipefail
cd "$(dirname "$0")/.."
say_as="fuzz"
# shellcheck source=hack/lib.sh
. hack/lib.sh

export FUZZ_INPUTS="${FUZZ_INPUTS:-1000000}" FUZZ_SEED="${FUZZ_SEED:-$(($(date +%s) % 1000000))}"
say "$FUZZ_INPUTS inputs with the seed $FUZZ_SEED"
result="$(mktemp)"
trap 'rm -f "$result"' EXIT

fuzz() { # fuzz PROJECT TESTS
    hack/build.sh "tests/$1"
    if ! dotnet test "artifacts/bin/$1/release/$1.dll" --filter "FullyQualifiedName~$2" --logger "console;verbosity=detailed" >"$result" 2>&1; then
        cat "$result"
        fail "something broke with the seed $FUZZ_SEED; see above"
    fi
    # Where no test has that name, dotnet test is content.
    grep -q '^ *FUZZ ' "$result" || { cat "$result"; fail "nothing was thrown: the fuzz tests of $1 did not run, or did not say what they did"; }
    sed -n 's/^ *FUZZ //p' "$result"
}

fuzz BreakGlass.Operator.Tests Admission.FuzzTests
fuzz BreakGlass.Core.Tests Vouchers.FuzzTests
