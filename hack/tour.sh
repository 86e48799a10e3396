#!/usr/bin/env bash
# The README's tour, on a disposable local cluster.
#
#   tour.sh            runs every command of the README's "A tour of five minutes" in order, and shows the output
#   tour.sh cluster    only starts the cluster, for you to type the commands; Ctrl-C stops it and removes its files
#
# This script contains no command of the tour. It reads them from the README, so that the shown commands are the ones that run.
# Environment: TRANSCRIPT, a directory for what each block of commands wrote (1.out, 2.out, ...); TOUR_BUILD (default: build, and take
# release), the configuration of the binaries that are there already.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
cd "$root"
say_as="tour"
# shellcheck source=hack/lib.sh
. hack/lib.sh
# shellcheck source=hack/tour/cluster.sh
. hack/tour/cluster.sh

# The commands: the blocks marked "sh" of one section of the README, each ended by a zero byte.
blocks() {
    awk '
        /^```/ { if (on && commands) printf "%c", 0; commands = /^```sh$/ && !fence; fence = !fence; next }
        !fence && /^## / { on = /^## A tour of five minutes$/ }
        !fence && /^### / { on = 0 }
        on && commands { print }' README.md
}

run_blocks() {
    local blocks number=0 block refused output="${TRANSCRIPT:-$work/transcript}"
    mkdir -p "$output"
    mapfile -d '' blocks < <(blocks)
    [ "${#blocks[@]}" -gt 0 ] || fail "the README has no commands under 'A tour of five minutes'."
    for block in "${blocks[@]}"; do
        number=$((number + 1)) refused=0
        printf '\n%s\n' "$bold$(sed 's/^/$ /; 2,$s/^\$ /  /' <<<"${block%$'\n'}")$plain_out"
        set +e; trap 'refused=$((refused + 1))' ERR
        eval "$block"$'\ntrue' >"$output/$number.out" 2>&1 </dev/null
        trap - ERR; set -e
        cat "$output/$number.out"
        # A command that must fail says so in its comment.
        [ "$refused" -eq "$(grep -c '# refused' <<<"$block")" ] || fail "unexpected result: $refused of these commands failed."
    done
}

bold="" plain_out=""
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' plain_out=$'\033[0m'; fi
case "${1:-}" in
    "") start_cluster; export HOME="$work/home"; run_blocks; printf '\n'; say "the tour is complete; nothing of it is left on this machine" ;;
    cluster)
        start_cluster
        say "the cluster runs until Ctrl-C. In another terminal:  cd $root && . artifacts/tour/env"
        wait "$kubelet_pid" || true ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
