# Sourced by demo.sh: the gateway, a node with a pod, and an interactive shell in it. $work, $operator, $admin, $gateway and $reports are demo.sh's.
# shellcheck shell=bash disable=SC2154

start_gateway() { # with its own ServiceAccount, and the certificate that the operator made for it
    local until=$((SECONDS + 120)) probes tls="$work/gateway-tls" file kubeconfig
    run_quietly "$admin" apply -f config/components/gateway/rbac.yaml
    kubeconfig="$(hack/control-plane.sh token "$work/control-plane" breakglass-system breakglass-gateway)"
    mkdir "$tls"
    for file in tls.crt tls.key ca.crt; do    # what its pod mounts: not the key of the authority
        until [ -s "$tls/$file" ]; do
            [ "$SECONDS" -lt "$until" ] || fail "the operator did not create the gateway's certificate."
            kubectl_as "$admin" -n breakglass-system get secret breakglass-gateway-tls --ignore-not-found -o "jsonpath={.data.${file/./\\.}}" |
                base64 -d > "$tls/$file"
        done
    done
    probes=$(free_port)
    KUBECONFIG="$kubeconfig" setpriv --pdeathsig KILL -- "${operator[@]}" gateway --gateway-address="127.0.0.1:$gateway" --gateway-cert-dir="$tls" \
        --reports-url="https://127.0.0.1:$reports" --http-address="127.0.0.1:$probes" >"$work/gateway.log" 2>&1 </dev/null &
    gateway_pid=$!
    until curl -sf --noproxy '*' -o /dev/null --max-time 2 "http://127.0.0.1:$probes/readyz"; do
        if [ "$SECONDS" -ge "$until" ] || ! kill -0 "$gateway_pid" 2>/dev/null; then
            tail -n 15 "$work/gateway.log" >&2
            fail "the gateway did not become ready."
        fi
        sleep 0.1
    done
}

start_node() { # a kubelet for tests: its pod's processes are processes of this machine
    setpriv --pdeathsig TERM -- dotnet "$root/artifacts/bin/DemoKubelet/release/demo-kubelet.dll" "$work/control-plane" payments web app \
        >"$work/kubelet.log" 2>&1 </dev/null &
    kubelet_pid=$!
    local until=$((SECONDS + 60))
    until kubectl_as "$admin" -n payments get pod web -o 'jsonpath={.status.phase}' 2>/dev/null | grep -q Running; do
        [ "$SECONDS" -lt "$until" ] || { cat "$work/kubelet.log" >&2; fail "the pod does not run."; }
        sleep 0.1
    done
}

stop_node_and_gateway() {
    if [ -n "${shell_pid:-}" ]; then kill -KILL "$shell_pid" 2>/dev/null || true; fi
    if [ -n "${gateway_pid:-}" ]; then kill -KILL "$gateway_pid" 2>/dev/null || true; fi
    if [ -n "${kubelet_pid:-}" ]; then kill -TERM "$kubelet_pid" 2>/dev/null || true; wait "$kubelet_pid" 2>/dev/null || true; fi
}

open_shell() { # open_shell GRANT ARGUMENT...: kubectl in a terminal of its own; $keyboard is what she types on, $work/screen what she sees
    local config="$work/$1.kubeconfig"; shift
    mkfifo "$work/keyboard"
    HOME="$work/home" KUBECONFIG="$config" TERM=xterm script -qefc "stty cols 160; exec $shell_kubectl$(spelled "$@")" /dev/null \
        <"$work/keyboard" >"$work/screen" 2>&1 &
    shell_pid=$!
    exec {keyboard}>"$work/keyboard"
    screen_shows '[#$] $'
}

types() { # types TEXT PATTERN: a line, and waits for what comes of it
    printf '%s\r' "$1" >&"$keyboard"
    screen_shows "$2"
}

screen_shows() { # screen_shows PATTERN
    local until=$((SECONDS + 60))
    until tr -d '\r' <"$work/screen" | grep -qE -- "$1"; do
        if [ "$SECONDS" -ge "$until" ] || ! kill -0 "$shell_pid" 2>/dev/null; then cat "$work/screen" >&2; fail "the shell does not show '$1'."; fi
        sleep 0.05
    done
}

shell_closed() { # waits until the shell is closed, and sets $shell_code to the exit code of kubectl
    local until=$((SECONDS + 30))
    while kill -0 "$shell_pid" 2>/dev/null; do
        [ "$SECONDS" -lt "$until" ] || fail "the shell is still open."
        sleep 0.02
    done
    shell_code=0
    wait "$shell_pid" || shell_code=$?
    shell_pid=""
    exec {keyboard}>&-
}
