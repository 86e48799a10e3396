# Sourced by demo.sh: how its steps look, and small helpers. $work, $kubectl, $plugin, $began and $expires are demo.sh's.
# shellcheck shell=bash disable=SC2154,SC2034

if [ -z "${NO_COLOR:-}" ] && { [ -t 1 ] || [ -n "${FORCE_COLOR:-}" ]; }; then
    bold=$'\033[1m' blue=$'\033[1;34m' green=$'\033[32m' red=$'\033[31m' grey=$'\033[2m' plain_out=$'\033[0m'
else
    bold="" blue="" green="" red="" grey="" plain_out=""
fi

between() { awk "BEGIN { printf \"%.1f\", $2 - $1 }"; }    # between FROM TO, both in seconds since 1970
since() { between "$1" "${EPOCHREALTIME/,/.}"; }
left() { awk "BEGIN { left = $expires - ${EPOCHREALTIME/,/.}; print int(left) + (left > int(left)) }"; }    # whole seconds until the expiry, rounded up

chapter() { printf '\n%s%s%s\n' "$blue" "$1" "$plain_out"; }
step() { printf '\n%s%5s s%s  %s%s%s\n' "$grey" "$(since "$began")" "$plain_out" "$bold" "$1" "$plain_out"; }
good() { printf '    %s✓ %s%s\n' "$green" "$1" "$plain_out"; }
indent() { sed 's/^/      /'; }
shown() { printf '    %s%s$%s %s\n' "$grey" "$1" "$plain_out" "$2"; }    # shown WHO COMMAND-LINE

# Nothing of the machine's own kubectl configuration or cache is read or written.
kubectl_as() { local config="$1"; shift; HOME="$work/home" KUBECONFIG="$config" "$kubectl" "$@"; }
breakglass() { local config="$1"; shift; HOME="$work/home" KUBECONFIG="$config" "${plugin[@]}" "$@"; }
run_quietly() { kubectl_as "$@" >"$work/quiet.log" 2>&1 || { cat "$work/quiet.log" >&2; fail "kubectl ${*:2} failed."; }; }

spelled() { # spelled ARGUMENT...: as one would type it
    local argument line=""
    for argument in "$@"; do
        case "$argument" in *[{}\"\ ]*) argument="'$argument'" ;; esac
        line+=" $argument"
    done
    printf '%s' "$line"
}
shows() { # shows WHO KUBECONFIG ARGUMENT...: a kubectl call that works
    local who="$1" config="$2"; shift 2
    shown "$who" "kubectl$(spelled "$@")"
    kubectl_as "$config" "$@" 2>&1 | indent
}
refused() { # refused WHO KUBECONFIG ARGUMENT...: a kubectl call that must not work
    local who="$1" config="$2" said; shift 2
    shown "$who" "kubectl$(spelled "$@")"
    if said="$(kubectl_as "$config" "$@" 2>&1)"; then fail "this should have been refused: $said"; fi
    printf '      %s%s%s\n' "$red" "$said" "$plain_out"
}
conditions() { # conditions GRANT
    kubectl_as "$alice" get "bgg/$1" -o 'jsonpath={range .status.conditions[*]}{.type}={.status}{"\t"}{.reason}: {.message}{"\n"}{end}' | indent
}

free_port() { # one that nobody listens on just now
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
    done
}

offset_of_entry() { # offset_of_entry ZIP: of a byte in the content of its first entry of the journal
    local header
    header="$(grep -abo 'entries/[0-9]*\.json' "$1" | sed -n "1s/:.*//p")"
    echo $((header + 100))
}
flip() { # flip FILE OFFSET: changes one byte
    local old
    old="$(od -An -tu1 -j "$2" -N 1 "$1")"
    printf '%b' "$(printf '\\x%02x' $((old ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
    shown mallory "dd of=${1##*/} bs=1 seek=$2 count=1 conv=notrunc    # $((old)) becomes $((old ^ 1))"
}

jwt_expiry() { # the "exp" of a JWT, without checking it
    local payload
    payload="$(cut -d. -f2 <<<"$1" | tr '_-' '/+')"
    while [ $((${#payload} % 4)) -ne 0 ]; do payload+="="; done
    base64 -d <<<"$payload" | sed -n 's/.*"exp": *\([0-9]*\).*/\1/p'
}
