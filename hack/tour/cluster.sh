# Sourced by tour.sh: a control plane, four people, and in the place of a node a loop that runs what the chart's two workloads say.
# shellcheck shell=bash disable=SC2154 # $root is tour.sh's

work="$root/artifacts/tour"
system=breakglass-system

start_cluster() {
    local word seconds configuration="${TOUR_BUILD:-release}"
    if [ -z "${TOUR_BUILD:-}" ]; then
        hack/build.sh src/BreakGlass.Operator
        hack/build.sh src/BreakGlass.Cli
    fi
    need curl curl
    operator=(dotnet "$root/artifacts/bin/BreakGlass.Operator/$configuration/breakglass-operator.dll")
    mkdir -p artifacts
    exec 8>artifacts/tour.lock
    flock -n 8 || fail "a tour runs in this checkout already, in another terminal: end it there with Ctrl-C."
    rm -rf "$work"; mkdir -p "$work/bin" "$work/home"
    trap end_cluster EXIT; trap 'exit 130' INT; trap 'exit 143' TERM
    coproc CONTROL_PLANE { exec 8>&-; exec hack/control-plane.sh run "$work/cluster"; }
    control_plane_pid=$! hold=${CONTROL_PLANE[1]}
    read -r word seconds _ <&"${CONTROL_PLANE[0]}" || true
    [ "${word:-}" = READY ] || fail "the control plane did not start; see above."
    say "$(cat "$work/cluster/version"), ready in $seconds s"
    tools "$configuration"
    people
    claim_port; webhooks=$port
    claim_port; http=$port
    values > "$work/values.yaml"
    environment > "$work/env"
    kubelet >"$work/kubelet.log" 2>&1 8>&- &
    kubelet_pid=$!
}

end_cluster() {
    local status=$?
    trap - EXIT; trap '' INT TERM
    if [ "$status" -ne 0 ] && [ "$status" -lt 128 ] && [ -s "$work/operator.log" ]; then    # not where somebody ended it
        printf '\n%s\n' "The operator's last words:" >&2
        tail -n 15 "$work/operator.log" >&2
    fi
    if [ -n "${kubelet_pid:-}" ]; then kill "$kubelet_pid" 2>/dev/null || true; wait "$kubelet_pid" 2>/dev/null || true; fi
    if [ -n "${control_plane_pid:-}" ]; then
        exec {hold}>&-    # the end of its input is what ends the control plane
        wait "$control_plane_pid" 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}

claim_port() { # sets $port to one that nobody listens on and that no control plane or test of this user has claimed; it is ours until this shell ends
    local lock ports="$breakglass_cache/ports"
    mkdir -p "$ports"
    while :; do
        port=$((20000 + RANDOM % 12000))
        exec {lock}>"$ports/$port"
        if flock -n "$lock" && ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
        exec {lock}>&-
    done
}

tools() { # tools CONFIGURATION: kubectl, helm and the plugin, on a PATH of their own
    ln -s "$(hack/ensure-kubectl.sh)" "$work/bin/kubectl"
    ln -s "$(hack/ensure-helm.sh)" "$work/bin/helm"
    printf '#!/bin/sh\nexec dotnet "%s" "$@"\n' "$root/artifacts/bin/BreakGlass.Cli/$1/kubectl-breakglass.dll" > "$work/bin/kubectl-breakglass"
    chmod 755 "$work/bin/kubectl-breakglass"
}

people() { # NAME GROUP: users with a client certificate
    local name group
    while read -r name group; do
        ln -s "$(hack/control-plane.sh user "$work/cluster" "$name" "$group")" "$work/$name.kubeconfig"
    done <<<$'pipeline pipelines\nalice payments-oncall\ncarol incident-commanders\nrita security'
}

values() {
    cat <<END
# What is special about the little cluster: no node and so no Service. The API server calls the webhooks at an address of this machine.
replicas: 1
webhook:
  url: https://127.0.0.1:$webhooks
operator:
  extraArgs:
  - --webhook-address=127.0.0.1:$webhooks
  - --webhook-extra-names=127.0.0.1
  - --http-address=127.0.0.1:$http
END
}

environment() {
    cat <<END
# kubectl, helm and the plugin; the cluster, as its administrator; and the kubeconfigs of four people.
export PATH="$work/bin:\$PATH" KUBECONFIG="$work/cluster/admin.kubeconfig" XDG_CACHE_HOME="$work/home/.cache"
END
    for name in pipeline alice carol rita; do printf 'export %s="%s"\n' "$name" "$work/$name.kubeconfig"; done
}

# --- what a kubelet and the controllers of Deployments and Jobs would do ---

api() { # api PATH [CURL ARGUMENTS...]: as administrator; nothing where it is not there
    local path="$1"; shift
    curl -sf --noproxy '*' --max-time 10 --cacert "$work/cluster/pki/ca.crt" --cert "$work/cluster/pki/admin.crt" --key "$work/cluster/pki/admin.key" \
        "$@" "$(cat "$work/cluster/server")$path"
}

# workload API PATH FIELD: the first number or text of that name; nothing where there is no such object; 1 where nobody answered.
workload() {
    local object code=0
    object="$(api "/apis/$1/namespaces/$system/$2")" || code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq 22 ] || return 1    # 22: an HTTP status of 400 or above
    sed -n "/^ *\"$3\": /{s/^ *\"$3\": \"\{0,1\}\([^\",]*\).*/\1/p;q}" <<<"$object"
}
pod_says() { KUBECONFIG="$work/cluster/admin.kubeconfig" "$work/bin/kubectl" -n "$system" get "$1" -o "go-template={{with .spec.template.spec}}$2{{end}}"; }
write_status() { # write_status API PATH STATUS
    api "/apis/$1/namespaces/$system/$2/status" -X PATCH -H 'Content-Type: application/merge-patch+json' --data-binary "{\"status\":$3}" -o /dev/null
}

# run_pod KIND/NAME LOG: its container's arguments, with the token of its identity; in the background, as $pod_pid; 1 where nobody answered.
run_pod() {
    local said arguments identity config
    said="$(pod_says "$1" '{{range (index .containers 0).args}}{{.}}{{"\n"}}{{end}}')" || return 1
    identity="$(pod_says "$1" '{{.serviceAccountName}}')" || return 1
    config="$(hack/control-plane.sh token "$work/cluster" "$system" "$identity")" || return 1
    mapfile -t arguments <<<"$said"
    KUBECONFIG="$config" setpriv --pdeathsig KILL -- "${operator[@]}" "${arguments[@]}" --namespace="$system" >"$2" 2>&1 </dev/null &
    pod_pid=$!
}

kubelet() { # what the API server did not answer is tried again in the next round
    local generation="" now operator_pid="" ready="" job job_done="" job_status="" started ended condition
    trap 'kill -KILL $operator_pid ${pod_pid:-} 2>/dev/null; exit 0' TERM INT
    while sleep 0.3; do
        now="$(workload apps/v1 deployments/breakglass-operator generation)" || continue
        if [ "$now" != "$generation" ]; then    # made, changed or gone
            if [ -n "$operator_pid" ]; then kill -TERM "$operator_pid" 2>/dev/null || true; wait "$operator_pid" || true; operator_pid=""; fi
            if [ -n "$now" ]; then run_pod deployment/breakglass-operator "$work/operator.log" || continue; operator_pid=$pod_pid ready=""; fi
            generation="$now"
        fi
        if [ -n "$operator_pid" ] && [ -z "$ready" ] && curl -sf --noproxy '*' -o /dev/null --max-time 2 "http://127.0.0.1:$http/readyz"; then
            if write_status apps/v1 deployments/breakglass-operator "{\"observedGeneration\":$now,\"replicas\":1,\"updatedReplicas\":1,"\
"\"readyReplicas\":1,\"availableReplicas\":1,\"conditions\":[{\"type\":\"Available\",\"status\":\"True\"}]}"; then ready=1; fi
        fi
        job="$(workload batch/v1 jobs/breakglass-uninstall uid)" || continue
        if [ -n "$job" ] && [ "$job" != "$job_done" ]; then
            started="$(date -u +%FT%TZ)"
            run_pod job/breakglass-uninstall "$work/uninstall.log" || continue
            job_done="$job" job_status=""
            if wait "$pod_pid"; then
                ended="$(date -u +%FT%TZ)" condition="\"status\":\"True\",\"lastProbeTime\":\"$started\",\"lastTransitionTime\":\"$started\""
                job_status="{\"startTime\":\"$started\",\"completionTime\":\"$ended\",\"succeeded\":1,\"conditions\":[
                    {\"type\":\"SuccessCriteriaMet\",$condition},{\"type\":\"Complete\",$condition}]}"
            fi
        fi
        if [ -n "$job" ] && [ -n "$job_status" ] && write_status batch/v1 jobs/breakglass-uninstall "$job_status"; then job_status=""; fi
    done
}
