# Sourced by demo.sh: an identity provider, and kubeconfigs that sign in with it. $work is demo.sh's.
# shellcheck shell=bash disable=SC2154

# A file server that gives each user's client certificate to anybody who asks. A real one would authenticate the user; what the demo needs of it is that
# people cannot sign in while it is down.
start_identity_provider() {
    local until=$((SECONDS + 60)) plane="$work/control-plane"
    identity_port="${identity_port:-$(free_port)}"
    mkdir -p "$work/identities"
    touch "$work/identities/ready"
    (cd "$work/identities" && exec setpriv --pdeathsig KILL -- openssl s_server -WWW -quiet -accept "localhost:$identity_port" \
        -cert "$plane/webhook/tls.crt" -key "$plane/webhook/tls.key") >"$work/identity.log" 2>&1 </dev/null &
    identity_pid=$!
    until curl -sf --noproxy '*' -o /dev/null --max-time 2 --cacert "$plane/pki/ca.crt" "https://localhost:$identity_port/ready"; do
        if [ "$SECONDS" -ge "$until" ] || ! kill -0 "$identity_pid" 2>/dev/null; then cat "$work/identity.log" >&2; fail "no identity provider."; fi
        sleep 0.1
    done
}

stop_identity_provider() {
    if [ -n "${identity_pid:-}" ]; then kill -KILL "$identity_pid" 2>/dev/null || true; wait "$identity_pid" 2>/dev/null || true; fi
    identity_pid=""
}

user_who_logs_in() { # user_who_logs_in NAME GROUP: prints the path of a kubeconfig that asks the identity provider each time it is used
    local whole plane="$work/control-plane" file="$work/$1.login.kubeconfig"
    whole="$(hack/control-plane.sh user "$plane" "$1" "$2")"
    printf '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"clientCertificateData":"%s","clientKeyData":"%s"}}\n' \
        "$(pem_of client-certificate-data "$whole")" "$(pem_of client-key-data "$whole")" > "$work/identities/$1"
    sed -e '/^ *client-certificate-data:/d' -e "s|^ *client-key-data:.*|    exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: curl, args:\
 [-sf, --noproxy, '*', --max-time, '10', --cacert, '$plane/pki/ca.crt', 'https://localhost:$identity_port/$1']}|" "$whole" > "$file"
    printf '%s\n' "$file"
}

pem_of() { sed -n "s/^ *$1: *//p" "$2" | base64 -d | awk '{ printf "%s\\n", $0 }'; }    # pem_of FIELD KUBECONFIG: as it is written in JSON
