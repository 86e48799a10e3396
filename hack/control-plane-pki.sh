# Sourced by control-plane.sh: keys, certificates and kubeconfigs below $dir.
# shellcheck shell=bash disable=SC2154 # $dir is the caller's

sign() { # sign NAME SUBJECT EXTENSIONS: makes pki/NAME.key and pki/NAME.crt, signed by the test CA
    local base="$dir/pki/$1"
    openssl ecparam -name prime256v1 -genkey -noout -out "$base.key"
    openssl req -new -key "$base.key" -subj "$2" -out "$base.csr"
    openssl x509 -req -in "$base.csr" -CA "$dir/pki/ca.crt" -CAkey "$dir/pki/ca.key" -set_serial "0x$(openssl rand -hex 16)" \
        -days 7 -sha256 -extfile <(printf '%s\n' "$3") -out "$base.crt" 2>/dev/null
    rm -f "$base.csr"
}

client='extendedKeyUsage=clientAuth'

subject() { # subject NAME [GROUP...]: as Kubernetes reads it, CN the user and each O a group
    local part text=""
    for part in "${@:2}"; do text+="/O=$(escaped "$part")"; done
    printf '%s/CN=%s' "$text" "$(escaped "$1")"
}
escaped() { sed 's/[\\/+=]/\\&/g' <<<"$1"; }

make_pki() {
    mkdir -p "$dir/pki"
    openssl ecparam -name prime256v1 -genkey -noout -out "$dir/pki/ca.key"
    openssl req -x509 -new -key "$dir/pki/ca.key" -subj "/CN=test control plane" -days 7 -sha256 -out "$dir/pki/ca.crt"
    sign apiserver "/CN=kube-apiserver" "$(printf '%s\n' 'extendedKeyUsage=serverAuth' \
        'subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,'\
'IP:127.0.0.1,IP:10.0.0.1')"
    sign admin "$(subject admin system:masters)" "$client"
    sign controller-manager "$(subject system:kube-controller-manager)" "$client"
    sign kubelet-client "$(subject kube-apiserver-kubelet-client)" "$client"    # how the API server comes to a kubelet
    openssl genrsa -out "$dir/pki/service-accounts.key" 2048 2>/dev/null
}

kubeconfig() { # kubeconfig FILE USER SERVER NAMESPACE CREDENTIAL-LINE...: whole or not at all, for others may be reading
    local file="$1" user="$2" server="$3" namespace="$4"; shift 4
    {
        printf '%s\n' 'apiVersion: v1' 'kind: Config' 'current-context: test' 'clusters:' '- name: test' '  cluster:' "    server: $server" \
            "    certificate-authority-data: $(base64 -w0 < "$dir/pki/ca.crt")" 'users:' "- name: \"$user\"" '  user:'
        printf '    %s\n' "$@"
        printf '%s\n' 'contexts:' '- name: test' '  context:' '    cluster: test' "    user: \"$user\"" "    namespace: $namespace"
    } > "$file.$BASHPID"
    mv "$file.$BASHPID" "$file"
}

user_kubeconfig() { # user_kubeconfig FILE USER PKI-NAME SERVER
    kubeconfig "$1" "$2" "$4" default "client-certificate-data: $(base64 -w0 < "$dir/pki/$3.crt")" "client-key-data: $(base64 -w0 < "$dir/pki/$3.key")"
}

running() { # leaves $dir absolute
    [ -s "$dir/server" ] && [ -s "$dir/pki/ca.key" ] ||
        fail "no control plane runs in $dir: start one with 'control-plane.sh run $dir' and wait for READY."
    dir="$(cd "$dir" && pwd)"
}
file_name() { printf '%s-%s' "$(tr -c 'A-Za-z0-9.\n-' _ <<<"$1")" "$(printf '%s\n' "$@" | cksum | cut -d' ' -f1)"; }

user_command() { # user_command NAME [GROUP...]
    local name file
    running
    name="user-$(file_name "$@")" file="$dir/$name.kubeconfig"
    if [ ! -s "$file" ]; then
        sign "$name.$BASHPID" "$(subject "$@")" "$client"
        user_kubeconfig "$file" "$1" "$name.$BASHPID" "$(cat "$dir/server")"
    fi
    printf '%s\n' "$file"
}

token_command() { # token_command NAMESPACE SERVICEACCOUNT [SECONDS]
    local answer token file
    running
    answer="$(api "/api/v1/namespaces/$1/serviceaccounts/$2/token" -H 'Content-Type: application/json' --data-binary \
        "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\",\"spec\":{\"expirationSeconds\":${3:-86400}}}")"
    token="$(sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' <<<"$answer")"
    [ -n "$token" ] || fail "no token for ServiceAccount $1/$2: $(sed -n 's/.*"message": *"\(.*\)",*$/\1/p' <<<"$answer")"
    file="$dir/serviceaccount-$(file_name "$1" "$2").kubeconfig"
    kubeconfig "$file" "$1/$2" "$(cat "$dir/server")" "$1" "token: $token"
    printf '%s\n' "$file"
}
