#!/usr/bin/env bash
# Builds, then runs the tests of every test project; the last line on stdout is "N passed, N failed" (", N skipped" where there are any).
#
#   test.sh               all but the tests of the category Long
#   test.sh --long        only those
# Environment: JOBS (default 2) test projects run side by side; KUBEBUILDER_ASSETS chooses the Kubernetes release.
set -euo pipefail
cd "$(dirname "$0")/.."
say_as="test"
# shellcheck source=hack/lib.sh
. hack/lib.sh

passed=0 failed=0 skipped=0 started=$SECONDS failures=""
results="$PWD/artifacts/test-results"
filter='Category!=Long' limit=4500
if [ "${1:-}" = --long ]; then filter='Category=Long' limit=4600; fi

finish() { # the closing line, also where something on the way failed
    local status=$? line
    trap - EXIT
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
    for job in $(jobs -p); do kill "$job" 2>/dev/null || true; done
    wait
    line="$passed passed, $failed failed"
    if [ "$skipped" -gt 0 ]; then line+=", $skipped skipped"; fi
    # Once more, at the end: of a long run people keep the last lines.
    if [ -n "$failures" ]; then say "what failed:"; printf '%s\n' "$failures" >&2; fi
    say "took $((SECONDS - started)) s"
    printf '%s\n' "$line"
    if [ "$failed" -gt 0 ]; then exit 1; fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "first the control plane that the tests run on: etcd, kube-apiserver and kube-controller-manager."
say "where they are missing they are installed and built, once, in 5 to 10 minutes."
binaries="$(hack/control-plane-binaries.sh)"
kubectl="$(hack/ensure-kubectl.sh)"
need curl curl; need openssl openssl; need lua lua5.4; need promtool prometheus; need zsh zsh; need fish fish
need go golang-go; apt_install golang-golang-x-mod-dev rsyslog rsyslog-gnutls
hack/ensure-helm.sh >/dev/null; hack/ensure-kubectl.sh debian >/dev/null
if [ "$limit" -gt 4500 ]; then need chromium chromium; fi
say "$("$binaries/kube-apiserver" --version), kubectl is $kubectl"
hack/build.sh

mapfile -t projects < <(grep -l '<IsTestProject>true</IsTestProject>' tests/*/*.csproj | xargs -n1 basename -s .csproj)
rm -rf "$results"; mkdir -p "$results"
say "running the tests of ${#projects[@]} projects; failures are shown as each project ends"

run_project() { # in the background; its output goes to a file, so that projects side by side do not mix theirs
    local name="$1"
    timeout --foreground --kill-after=30 "$limit" dotnet test "artifacts/bin/$name/release/$name.dll" --filter "$filter" \
        --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal" --results-directory "$results" \
        >"$results/$name.log" 2>&1 </dev/null &
    running[$!]="$name"
}

counter() { sed -n "s/.*<Counters .*\b$1=\"\([0-9]*\)\".*/\1/p" "$results/$2.trx" 2>/dev/null | tail -n 1; }

reasons() { # reasons PROJECT: which tests were skipped, and why
    sed -nE -e '/outcome="NotExecuted"/{s/.* testName="([^"]*)".*/  skipped: \1/p;b}' \
        -e 's/^ *<Message>(needs Kubernetes .*)<\/Message>.*/           \1/p' "$results/$1.trx"
}

broken() { # broken PROJECT: the tests that failed, each with the first lines of why
    awk '/^ *Failed .*\[[0-9<].*\]$/ { print; left = 8; next } left > 0 { print substr($0, 1, 300); left-- }' "$results/$1.log"
}

report() { # report PROJECT EXIT-CODE: adds its figures to the totals
    local name="$1" status="$2" total good bad off
    total="$(counter total "$name")" good="$(counter passed "$name")" bad="$(counter failed "$name")"
    total=${total:-0} good=${good:-0} bad=${bad:-0} off=$((total - good - bad))
    # Crashed, hung or killed: its tests did not all run, whatever was counted.
    if [ "$status" -ne 0 ] && { [ "$bad" -eq 0 ] || grep -q '^Test Run Aborted' "$results/$name.log"; }; then
        bad=$((bad + 1)) off=0
        say "$name ended with exit code $status before its tests did: it crashed, or ran longer than $((limit / 60)) minutes"
    fi
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + off))
    if [ "$status" -ne 0 ]; then cat "$results/$name.log"; failures+="$(broken "$name")"$'\n'; fi
    if [ "$off" -gt 0 ]; then reasons "$name"; fi
    say "$(printf '%-28s %4d passed, %d failed, %d skipped' "$name" "$good" "$bad" "$off")"
}

declare -A running=()    # process: project
report_next() {
    local ended status=0
    wait -n -p ended "${!running[@]}" || status=$?
    report "${running[$ended]}" "$status"
    unset "running[$ended]"
}
# The one that waits most goes first, so that the others run beside it.
for name in $(printf '%s\n' "${projects[@]}" | awk '{ print ($0 != "Integration"), $0 }' | sort | cut -d' ' -f2); do
    if [ "${#running[@]}" -ge "${JOBS:-2}" ]; then report_next; fi
    run_project "$name"
done
while [ "${#running[@]}" -gt 0 ]; do report_next; done
