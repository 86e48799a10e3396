#!/usr/bin/env bash
# A real Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager) as processes on loopback, for tests and the demo.
#
#   control-plane.sh run DIR                      start one; its files go into DIR, which must be new or empty
#   control-plane.sh user DIR NAME [GROUP...]     print the path of a kubeconfig for a user with a client certificate
#   control-plane.sh token DIR NAMESPACE SERVICEACCOUNT [SECONDS]
#                                                 print the path of a kubeconfig with a ServiceAccount's token (default 24 h)
#
# "run" prints one line, "READY <seconds> <admin kubeconfig>", when the API server is ready and the ClusterRoles view, edit and
# admin are aggregated. It stays in the foreground until its standard input closes, its parent dies, or it gets SIGTERM or
# SIGINT; then it ends the three processes and removes DIR. Hold its standard input open (a pipe, a terminal); with
# </dev/null it ends at once. Any number can run side by side.
#
# In DIR: admin.kubeconfig (system:masters, for set-up only), pki/ca.crt, audit.log (metadata of every request), etcd.log,
# kube-apiserver.log, kube-controller-manager.log (and .pid each), server (the URL), version (as "kube-apiserver --version" says it).
# Environment: KEEP=1 leaves DIR; KUBE_APISERVER_FLAGS adds flags (split at spaces), e.g. "--goaway-chance=0.02".
# AUDIT_WEBHOOK_PORT=9444 has the API server post audit events to https://127.0.0.1:9444/audit, by config/audit/policy.yaml, with the token of DIR/audit-token;
# DIR/webhook has a certificate (tls.crt, tls.key) for who listens there.
set -euo pipefail
umask 077
say_as="control plane"
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=hack/lib.sh
. "$here/lib.sh"
# shellcheck source=hack/control-plane-pki.sh
. "$here/control-plane-pki.sh"

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }

claim_port() { # sets $port to one that nobody listens on and that no other control plane, test (TestKit's Ports) or tour of this user has claimed
    local lock
    while :; do
        port=$((20000 + RANDOM % 12000))    # below the range from which Linux takes the ports of outgoing connections
        exec {lock}>"$ports/$port"
        if flock -n "$lock" && ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then claimed+=("$ports/$port"); return; fi
        exec {lock}>&-
    done
}

# knows BINARY FLAG. Not by a pipe: grep ends at the first match, the binary then dies of the closed pipe, and that would count as a no.
knows() { local help; help="$("$1" --help 2>&1)"; grep -qE -- "^ +$2[ =]" <<<"$help"; }

declare -A pids=()
start() { # start NAME COMMAND...: dies with this script, even where that is killed by SIGKILL
    local name="$1"; shift
    setpriv --pdeathsig KILL -- "$@" >"$dir/$name.log" 2>&1 </dev/null &
    pids[$name]=$!
    echo $! > "$dir/$name.pid"
}
alive() { kill -0 "${pids[$1]}" 2>/dev/null; }
stop() {
    local name
    # SIGKILL: nothing is worth a graceful stop here, and an API server would wait a minute for its watches.
    for name in "${!pids[@]}"; do kill -KILL "${pids[$name]}" 2>/dev/null || true; done
    for name in "${!pids[@]}"; do wait "${pids[$name]}" 2>/dev/null || true; done
    pids=()
}

wait_for() { # wait_for NAME SECONDS COMMAND...: 1 where the process died first, or the time is up
    local name="$1" until=$((SECONDS + $2)); shift 2
    until "$@"; do
        alive "$name" && [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.05
    done
}

again=()
api() { # api PATH [CURL ARGUMENTS...]: as administrator
    local path="$1"; shift
    curl -sS --noproxy '*' --max-time 60 "${again[@]}" --cacert "$dir/pki/ca.crt" --cert "$dir/pki/admin.crt" --key "$dir/pki/admin.key" \
        "$@" "$(cat "$dir/server")$path"
}
ready() { [ "$(api /readyz 2>/dev/null)" = ok ]; }
# Rules that come last: view's from its own part, edit's from view's and its own, admin's from all three.
has_rules() { local role rule; role="$(api "/apis/rbac.authorization.k8s.io/v1/clusterroles/$1" 2>/dev/null)"; shift
    for rule in "$@"; do grep -q "\"$rule\"" <<<"$role" || return 1; done; }
aggregated() { has_rules view limitranges && has_rules edit limitranges pods/attach && has_rules admin limitranges pods/attach rolebindings; }

start_etcd() {
    local client peer
    claim_port; client=$port
    claim_port; peer=$port
    # Nothing of it outlives the run, so nothing needs to reach the disk. Not every release lists the flag in its help.
    local fast=(); if "$bin/etcd" --unsafe-no-fsync --version >/dev/null 2>&1; then fast=(--unsafe-no-fsync); fi
    start etcd "$bin/etcd" --name=test --data-dir="$dir/etcd" "${fast[@]}" \
        --listen-client-urls="http://127.0.0.1:$client" --advertise-client-urls="http://127.0.0.1:$client" \
        --listen-peer-urls="http://127.0.0.1:$peer" --initial-advertise-peer-urls="http://127.0.0.1:$peer" \
        --initial-cluster="test=http://127.0.0.1:$peer"
    etcd="http://127.0.0.1:$client"
    wait_for etcd 300 curl -sf --noproxy '*' -o /dev/null --max-time 2 "$etcd/health"
}

start_apiserver() {
    claim_port
    echo "https://127.0.0.1:$port" > "$dir/server"
    local more=(); read -ra more <<<"${KUBE_APISERVER_FLAGS:-}"
    case "${more[*]}" in *--authorization-config=*) ;; *) more+=(--authorization-mode=RBAC) ;; esac    # the two exclude each other
    if [ -n "${AUDIT_WEBHOOK_PORT:-}" ]; then
        more+=(--audit-webhook-config-file="$dir/audit-webhook.kubeconfig" --audit-webhook-batch-max-wait=1s
            --audit-webhook-batch-max-size=40 --audit-webhook-initial-backoff=1s)
    fi
    start kube-apiserver "$bin/kube-apiserver" --etcd-servers="$etcd" --bind-address=127.0.0.1 --secure-port="$port" \
        --advertise-address=127.0.0.1 --endpoint-reconciler-type=none --service-cluster-ip-range=10.0.0.0/24 \
        --cert-dir="$dir/pki" --tls-cert-file="$dir/pki/apiserver.crt" --tls-private-key-file="$dir/pki/apiserver.key" \
        --client-ca-file="$dir/pki/ca.crt" \
        --kubelet-preferred-address-types=InternalIP --kubelet-certificate-authority="$dir/pki/ca.crt" \
        --kubelet-client-certificate="$dir/pki/kubelet-client.crt" --kubelet-client-key="$dir/pki/kubelet-client.key" \
        --service-account-key-file="$dir/pki/service-accounts.key" --service-account-signing-key-file="$dir/pki/service-accounts.key" \
        --service-account-issuer=https://kubernetes.default.svc --api-audiences=https://kubernetes.default.svc \
        --audit-policy-file="$dir/audit-policy.yaml" --audit-log-path="$dir/audit.log" --audit-log-maxsize=1000 \
        --profiling=false "${more[@]}"
    wait_for kube-apiserver 300 ready
}

start_controller_manager() {
    local kcm="$bin/kube-controller-manager" known name names="" more=()
    local wanted=(garbagecollector:garbage-collector-controller namespace:namespace-controller
        clusterrole-aggregation:clusterrole-aggregation-controller serviceaccount:serviceaccount-controller
        root-ca-cert-publisher:root-ca-certificate-publisher-controller resourcequota:resourcequota-controller
        csrsigning:certificatesigningrequest-signing-controller)
    # Older than 1.24 it would write a token Secret for every ServiceAccount, which no API server from 1.24 on expects.
    if [ "$(minor kube-controller-manager)" -ge 24 ] || [ "$(minor kube-apiserver)" -lt 24 ]; then
        wanted+=(serviceaccount-token:serviceaccount-token-controller)
    fi
    known="$("$kcm" --help 2>&1 | grep 'All controllers:')"
    for name in "${wanted[@]}"; do    # renamed in 1.28; the release says which name it knows
        if grep -qE "[ ,]${name#*:}(,|$)" <<<"$known"; then names+="${name#*:},"
        elif grep -qE "[ ,]${name%%:*}(,|$)" <<<"$known"; then names+="${name%%:*},"; fi
    done
    if knows "$kcm" --port; then more=(--port=0); fi
    start kube-controller-manager "$kcm" --kubeconfig="$dir/controller-manager.kubeconfig" --controllers="${names%,}" \
        --leader-elect=false --secure-port=0 "${more[@]}" --use-service-account-credentials=true --kube-api-qps=200 --kube-api-burst=400 \
        --service-account-private-key-file="$dir/pki/service-accounts.key" --root-ca-file="$dir/pki/ca.crt" \
        --cluster-signing-cert-file="$dir/pki/ca.crt" --cluster-signing-key-file="$dir/pki/ca.key"
    wait_for kube-controller-manager 300 aggregated
}

minor() { "$bin/$1" --version | sed -E 's/.*v[0-9]+\.([0-9]+).*/\1/'; }

clean_up() {
    local status=$?
    trap - EXIT; trap '' INT TERM HUP
    stop
    rm -f "${claimed[@]}"
    if [ "${KEEP:-}" = 1 ]; then say "kept: $dir"; else rm -rf "$dir"; fi
    exit "$status"
}

give_up() { # give_up NAME
    say "$1 did not come up; the end of its log:"
    tail -n 20 "$dir/$1.log" >&2
    exit 1
}

run() {
    local parent=$PPID started tries status name stat
    need curl curl; need openssl openssl
    bin="$("$here/control-plane-binaries.sh")"
    mkdir -p "$1"; dir="$(cd "$1" && pwd)"
    [ -z "$(ls -A "$dir")" ] || fail "$dir is not empty: name a new directory, all of it is removed at the end."
    ports="$breakglass_cache/ports"; mkdir -p "$ports"
    find "$ports" -type f -mmin +600 -delete    # of runs that were killed, and of tests
    claimed=()
    trap clean_up EXIT; trap 'exit 130' INT; trap 'exit 143' TERM HUP
    started=$EPOCHREALTIME
    make_pki
    "$bin/kube-apiserver" --version > "$dir/version"
    printf '%s\n' 'apiVersion: audit.k8s.io/v1' 'kind: Policy' 'omitStages: [RequestReceived]' \
        '# Metadata alone: no body, so no Secret and no token, is ever in the log.' 'rules: [{level: Metadata}]' > "$dir/audit-policy.yaml"
    if [ -n "${AUDIT_WEBHOOK_PORT:-}" ]; then
        cp "$here/../config/audit/policy.yaml" "$dir/audit-policy.yaml"
        openssl rand -hex 32 > "$dir/audit-token"
        mkdir "$dir/webhook"; cp "$dir/pki/apiserver.crt" "$dir/webhook/tls.crt"; cp "$dir/pki/apiserver.key" "$dir/webhook/tls.key"
        kubeconfig "$dir/audit-webhook.kubeconfig" audit "https://127.0.0.1:$AUDIT_WEBHOOK_PORT/audit" default "token: $(cat "$dir/audit-token")"
    fi

    for tries in 1 2 3 4; do    # again where somebody else took a port between the look and the bind
        if start_etcd; then
            if start_apiserver; then break; fi
            name=kube-apiserver
        else name=etcd; fi
        stop
        if [ "$tries" = 4 ] || ! grep -q 'address already in use' "$dir/$name.log"; then give_up "$name"; fi
        rm -rf "$dir/etcd"
    done
    user_kubeconfig "$dir/admin.kubeconfig" admin admin "$(cat "$dir/server")"
    user_kubeconfig "$dir/controller-manager.kubeconfig" system:kube-controller-manager controller-manager "$(cat "$dir/server")"
    start_controller_manager || give_up kube-controller-manager
    printf 'READY %s %s\n' "$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $started }")" "$dir/admin.kubeconfig"

    while :; do
        status=0; read -r -t 1 _ || status=$?
        if [ "$status" -gt 0 ] && [ "$status" -le 128 ]; then exit 0; fi    # end of input; above 128 it is the time-out
        read -ra stat <"/proc/$$/stat"    # the fourth field is the parent; it changes when that dies
        [ "${stat[3]}" = "$parent" ] || exit 0
        for name in "${!pids[@]}"; do alive "$name" || give_up "$name"; done
    done
}

[ $# -ge 2 ] || usage
command="$1"; dir="$2"; shift 2
case "$command" in
    run) run "$dir" ;;
    user) [ $# -ge 1 ] || usage; user_command "$@" ;;
    token) [ $# -ge 2 ] || usage
        again=(--max-time 30 --retry 3 --retry-all-errors)    # nobody else asks again where a busy API server missed one call
        token_command "$@" ;;
    *) usage ;;
esac
