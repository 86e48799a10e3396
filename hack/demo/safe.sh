# Sourced by demo.sh: what people prepare beforehand for a day on which people cannot sign in. $work, $admin and $plugin are demo.sh's.
# shellcheck shell=bash disable=SC2154,SC2034

# in_the_safe KUBECONFIG ARGUMENT...: the plugin, in the directory of the safe. Vouchers need no cluster.
in_the_safe() { (cd "$work/safe" && breakglass "$@"); }

signs() { # signs WHO ARGUMENT...: an offline command of vouchers; each person has their own passphrase. $into is the file for what it prints
    local who="$1"; shift
    shown "$who" "kubectl breakglass voucher$(spelled "$@") --passphrase-file $who.pass${into:+ > $into}"
    in_the_safe /dev/null voucher "$@" --passphrase-file "$who.pass" 2>&1 >"$work/safe/${into:-nothing}" | indent
}

fill_the_safe() {
    local who cluster
    mkdir "$work/safe"
    for who in first second alice kit; do printf 'the six random words of %s\n' "$who" > "$work/safe/$who.pass"; done
    cluster="$(kubectl_as "$admin" get namespace kube-system -o 'jsonpath={.metadata.uid}')"
    step "Months before: two people each create a key, offline. Both must sign a voucher. The cluster gets the public keys only"
    into=authority.yaml signs first authority offline-2026 --private-key first.pem --required 2
    signs second authority offline-2026 --private-key second.pem --into authority.yaml
    step "alice creates her key. The two sign a voucher for her: one policy of one cluster, once"
    into=alice.jwk signs alice holder --private-key alice.key
    signs first issue --key first.pem --authority offline-2026 --cluster "$cluster" --person alice --policy payments-offline --holder alice.jwk \
        --out alice.voucher
    signs second sign alice.voucher --key second.pem --out alice.voucher
    step "GitOps applies the authority, the policy that accepts its vouchers, and the courier: an identity that can only present them"
    shown gitops "echo '  couriers: [{kind: ServiceAccount, namespace: breakglass-system, name: breakglass-courier}]' >> authority.yaml"
    echo '  couriers: [{kind: ServiceAccount, namespace: breakglass-system, name: breakglass-courier}]' >> "$work/safe/authority.yaml"
    shown gitops "kubectl apply -f authority.yaml -f policy-offline.yaml -f courier.yaml"
    kubectl_as "$admin" apply -f "$work/safe/authority.yaml" -f hack/demo/policy-offline.yaml -f hack/demo/courier.yaml 2>&1 | indent
    run_quietly "$admin" wait --for=condition=Ready bgauth/offline-2026 bgp/payments-offline --timeout=120s
    step "Everything goes into one encrypted file for the safe, the kit. Its page is printed"
    local kit=(voucher kit --voucher alice.voucher --holder-key alice.key --courier-account breakglass-system/breakglass-courier --courier-duration 24h
        --out prod.kit --passphrase-file kit.pass)
    shown admin "kubectl breakglass$(spelled "${kit[@]}") > page.txt"
    in_the_safe "$admin" "${kit[@]}" 2>&1 >"$work/safe/page.txt" | indent
}

by_voucher() { # by_voucher GRANT: shows the request with alice's voucher, and sets $request to all of it but the file for the kubeconfig
    request=(request --kubeconfig kit/courier.kubeconfig --voucher kit/alice.voucher --passphrase-file alice.pass
        --reason "checkout is down, and people cannot sign in" --name "$1")
    shown alice "kubectl breakglass$(spelled "${request[@]}") -f $1.kubeconfig"
}
