#!/usr/bin/env bash
# Shows what the operator does, on a control plane of its own: access in an incident from manifest to revocation, the record of what was done with it
# and its evidence, a shell that the gateway closes, the same access with the operator killed half way, access by a voucher while people cannot sign in, and a
# drill with its report. Leaves nothing behind.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
cd "$root"
say_as="demo"
# shellcheck source=hack/lib.sh
. hack/lib.sh
# shellcheck source=hack/demo/steps.sh
. hack/demo/steps.sh
# shellcheck source=hack/demo/shell.sh
. hack/demo/shell.sh
# shellcheck source=hack/demo/sign-in.sh
. hack/demo/sign-in.sh
# shellcheck source=hack/demo/safe.sh
. hack/demo/safe.sh

operator=(dotnet "$root/artifacts/bin/BreakGlass.Operator/release/breakglass-operator.dll")
plugin=(dotnet "$root/artifacts/bin/BreakGlass.Cli/release/kubectl-breakglass.dll")
operator_pid=""

clean_up() {
    local status=$?
    trap - EXIT
    stop_node_and_gateway
    stop_identity_provider
    if [ -n "$operator_pid" ]; then kill -KILL "$operator_pid" 2>/dev/null || true; fi
    if [ "$status" -ne 0 ] && [ -s "$work/operator.log" ]; then
        printf '\n%s\n' "The demo stopped early; the operator's last words:" >&2
        tail -n 15 "$work/operator.log" >&2
    fi
    if [ -n "${control_plane_pid:-}" ]; then
        exec {hold}>&-    # the end of its input is what ends the control plane
        wait "$control_plane_pid" 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}

start_control_plane() {
    local word seconds
    audit=$(free_port)    # where the API server posts its audit events, and the operator listens
    coproc CONTROL_PLANE { AUDIT_WEBHOOK_PORT=$audit exec hack/control-plane.sh run "$work/control-plane"; }
    control_plane_pid=$! hold=${CONTROL_PLANE[1]}
    read -r word seconds admin <&"${CONTROL_PLANE[0]}" || true
    [ "${word:-}" = READY ] || fail "the control plane did not start; see above."
    say "$(cat "$work/control-plane/version") with etcd and the controllers, ready in $seconds s"
}

set_up() {
    local file validate=()
    # Up to 1.22, kubectl checks against the server's schema of CRDs, which lacks the CEL rules; the server itself leaves them out.
    if grep -qE 'v1\.2[0-2]\.' "$work/control-plane/version"; then validate=(--validate=false); fi
    run_quietly "$admin" apply -k config/crd "${validate[@]}"
    run_quietly "$admin" wait --for=condition=Established --timeout=120s crd/breakglasspolicies.breakglass.dev crd/breakglassgrants.breakglass.dev
    run_quietly "$admin" apply -k config/rbac
    gateway=$(free_port) reports=$(free_port) webhooks=$(free_port)
    install_webhooks
    for file in namespace alice-rbac rita-rbac; do run_quietly "$admin" apply -f "hack/demo/$file.yaml"; done
    operator_kubeconfig="$(hack/control-plane.sh token "$work/control-plane" breakglass-system breakglass-operator)"
    reaper_kubeconfig="$(hack/control-plane.sh token "$work/control-plane" breakglass-system breakglass-reaper)"
    start_identity_provider
    alice="$(user_who_logs_in alice payments-oncall)"
    rita="$(user_who_logs_in rita security)"
    mkdir "$work/auditor"
    breakglass "$admin" journal keygen demo.example/cluster --private-key "$work/journal.key" > "$work/auditor/journal.pub"
}

install_webhooks() { # those of config/webhook, at an address of this machine, because no pod runs behind the Service
    local name address="    url: https://127.0.0.1:$webhooks\\n    caBundle: $(base64 -w0 < "$work/control-plane/pki/ca.crt")"
    for name in mutating validating; do
        sed "/^    service:\$/,/^      name:/c\\$address" "config/webhook/$name.yaml" > "$work/$name.yaml"
        run_quietly "$admin" apply -f "$work/$name.yaml"
    done
}

start_operator() {
    local said until=$((SECONDS + 120)) plane="$work/control-plane"
    http=$(free_port)
    # Without a lease: there is never a second one here, and the start after the kill would wait for the dead one's 15 s. The webhooks' certificate is also
    # that of the listener for audit events.
    KUBECONFIG="$operator_kubeconfig" setpriv --pdeathsig KILL -- "${operator[@]}" --leader-elect=false \
        --http-address="127.0.0.1:$http" --webhook-address="127.0.0.1:$webhooks" --webhook-cert-dir="$plane/webhook" \
        --gateway-url="https://localhost:$gateway" --gateway-reports-listen="127.0.0.1:$reports" \
        --audit-listen="127.0.0.1:$audit" --audit-token-file="$plane/audit-token" \
        --journal-directory="$work/journal" --journal-key="$work/journal.key" >"$work/operator.log" 2>&1 </dev/null &
    operator_pid=$!
    until curl -sf --noproxy '*' -o /dev/null --max-time 2 "http://127.0.0.1:$http/readyz"; do
        if [ "$SECONDS" -ge "$until" ] || ! kill -0 "$operator_pid" 2>/dev/null; then fail "the operator did not become ready."; fi
        sleep 0.1
    done
    # The operator gives the webhooks their paths, and the API server learns these a moment later.
    until said="$(kubectl_as "$admin" create --dry-run=server -o 'jsonpath={.metadata.annotations}' -f hack/demo/policy-gateway.yaml 2>&1)"
        grep -qE 'breakglass.dev/seal|already exists' <<<"$said"; do
        [ "$SECONDS" -lt "$until" ] || fail "the webhooks do not answer: $said"
        sleep 0.1
    done
}

take_credential() { # take_credential GRANT: alice fetches the kubeconfig that was made for this grant
    local secret
    secret="$(kubectl_as "$alice" get "bgg/$1" -o 'jsonpath={.status.credentialSecret}')"
    shown alice "kubectl -n ${secret%/*} get secret ${secret#*/} -o jsonpath='{.data.kubeconfig}' | base64 -d > $1.kubeconfig"
    kubectl_as "$alice" -n "${secret%/*}" get secret "${secret#*/}" -o 'jsonpath={.data.kubeconfig}' | base64 -d > "$work/$1.kubeconfig"
    [ -s "$work/$1.kubeconfig" ] || fail "the Secret $secret holds no kubeconfig."
}

ask_for_access() { # ask_for_access GRANT: sets $expires (seconds since 1970, to the millisecond)
    local asked=$EPOCHREALTIME expires_at
    shows alice "$alice" apply -f "hack/demo/grant-${1#inc-}.yaml"
    shows alice "$alice" wait --for=condition=Active "bgg/$1" --timeout=120s
    good "access $(since "$asked") s after she asked"
    expires_at="$(kubectl_as "$alice" get "bgg/$1" -o 'jsonpath={.status.expiresAt}')"
    expires="$(date -d "$expires_at" +%s.%3N)"
    take_credential "$1"
    shows "$1" "$work/$1.kubeconfig" -n payments get configmaps
}

events_of() { # events_of GRANT: they are written in the background, so the last one may take a moment
    local until=$((SECONDS + 60)) columns='custom-columns=TYPE:.type,REASON:.reason,MESSAGE:.message'
    until kubectl_as "$admin" get events -A --field-selector "involvedObject.name=$1" -o name | grep -q .; do
        [ "$SECONDS" -lt "$until" ] || fail "there is no event about $1."
        sleep 0.2
    done
    shows admin "$admin" get events -A --field-selector "involvedObject.name=$1" --sort-by=.eventTime -o "$columns"
}

wait_for_refusal() { # wait_for_refusal GRANT: the call that worked, again and again until it is refused
    local said
    while said="$(kubectl_as "$work/$1.kubeconfig" -n payments get configmaps 2>&1)"; do
        [ "$(left)" -gt -20 ] || fail "still access 20 s after it should have ended."
        if [ "$(left)" -gt 1 ]; then sleep 0.5; fi
    done
    grep -qE 'Forbidden|Unauthorized|logged in' <<<"$said" || fail "the call failed for another reason: $said"
    refused_at=$EPOCHREALTIME
    shown "$1" "kubectl -n payments get configmaps"
    printf '      %s%s%s\n' "$red" "$said" "$plain_out" | head -n 3
}

with_the_operator() {
    chapter "An incident at 01:00"
    step "GitOps has applied a policy: payments-oncall can get 'edit' in the namespace payments, for at most a minute"
    shows gitops "$admin" apply -f hack/demo/policy.yaml
    run_quietly "$admin" wait --for=condition=Ready bgp/payments-oncall --timeout=120s
    step "alice is on call. She may request access, and nothing else"
    refused alice "$alice" -n payments get configmaps
    step "She requests access, with a ticket and a reason; nobody needs to approve it"
    ask_for_access inc-4711
    step "She has the access that the policy gives, and no more"
    shows inc-4711 "$work/inc-4711.kubeconfig" -n payments patch configmap checkout --type=merge -p '{"data":{"image":"checkout:2.40.3"}}'
    refused inc-4711 "$work/inc-4711.kubeconfig" -n kube-system get configmaps
    step "She tries a command in a pod. This cluster has no node, so it fails"
    refused inc-4711 "$work/inc-4711.kubeconfig" -n payments exec checkout -- cat /etc/checkout/config.yaml
    step "The grant lasts 12 seconds in this demo; $(left) are left. No person does anything now"
    wait_for_refusal inc-4711
    good "refused $(between "$expires" "$refused_at") s after expiresAt, as seen by polling with kubectl"
    step "The operator verifies the end against the API server (SubjectAccessReview, TokenReview)"
    shows alice "$alice" wait --for=condition=Revoked bgg/inc-4711 --timeout=120s
    conditions inc-4711
    nothing_left inc-4711
    step "The record: events and metrics"
    events_of inc-4711
    shown admin "curl -s http://127.0.0.1:$http/metrics | grep '^breakglass_operator_'    # some of them"
    curl -sf --noproxy '*' --max-time 5 "http://127.0.0.1:$http/metrics" |
        grep -E '^breakglass_operator_((activations|revocations)_total|lingering_grants|(time_to_access|revocation_lag)_seconds_(sum|count))' |
        grep -E '([1-9][0-9.]*|lingering_grants\{\} 0)$' | indent
}

the_evidence() {
    local entries="" entry="" copy="$work/auditor/copy"
    chapter "What was done with it, and the proof"
    step "rita audits. The API server's own audit events say what was done with the grant, request by request"
    session_of inc-4711
    shown rita "kubectl breakglass report inc-4711 | sed -n '/^## What was done/,/^## What it left/p'"
    breakglass "$rita" report inc-4711 2>/dev/null | sed -n '/^## What was done/,/^## What it left/p' | sed '$d' | indent
    step "The operator also writes a signed journal. rita takes the evidence of this grant out of it, in one file"
    shown rita "kubectl breakglass report inc-4711 --bundle inc-4711.zip --journal journal --key journal.pub"
    bundle inc-4711
    step "She verifies it without a cluster: with the file, and the public key that she kept"
    shown auditor "kubectl breakglass journal verify inc-4711.zip --key journal.pub"
    offline verify inc-4711.zip | indent
    step "Somebody changes one byte of the file"
    flip "$work/auditor/inc-4711.zip" "$(offset_of_entry "$work/auditor/inc-4711.zip")"
    found inc-4711.zip
    step "Somebody changes one byte in a copy of the journal: the ticket INC-4711 becomes INC-4719"
    cp -r "$work/journal" "$copy"
    for entries in "$copy"/tile/entries/*/*; do
        if grep -q 'INC-4711' "$entries"; then sed -i 's/INC-4711/INC-4719/' "$entries"; entry="$entries"; fi
    done
    [ -n "$entry" ] || fail "the journal does not contain the ticket."
    shown mallory "sed -i s/INC-4711/INC-4719/ copy/${entry#"$copy/"}"
    found copy
}

a_shell_through_the_gateway() {
    local reason="checkout hangs, need to look at its processes"
    chapter "A shell through the gateway"
    start_node
    start_gateway
    step "An open shell outlives its grant, because Kubernetes authorizes a request when it begins. GitOps applies a policy with the path Gateway"
    shows gitops "$admin" apply -f hack/demo/policy-gateway.yaml
    run_quietly "$admin" wait --for=condition=Ready bgp/payments-shell --timeout=120s
    step "alice requests access with the plugin. It sends a public key; the private key stays on her machine"
    shown alice "kubectl breakglass request payments-shell --reason '$reason' --ticket INC-4713 --name inc-4713 -f inc-4713.kubeconfig"
    breakglass "$alice" request payments-shell --reason "$reason" --ticket INC-4713 --name inc-4713 -f "$work/inc-4713.kubeconfig" 2>&1 |
        sed "s|$work/||g" | indent
    shown alice "grep -oE 'server: .*|client-certificate-data|token' inc-4713.kubeconfig"
    grep -oE 'server: .*|client-certificate-data|token' "$work/inc-4713.kubeconfig" | indent
    step "She opens a shell in a pod"
    shown inc-4713 "kubectl -n payments exec -it web -- sh"
    open_shell inc-4713 -n payments exec -it web -- sh
    types 'echo "in pod $HOSTNAME"' 'in pod web'
    step "The incident is over, and the grant is revoked. Her shell is still open"
    shown admin "kubectl breakglass revoke inc-4713 --reason 'the incident is over'"
    breakglass "$admin" revoke inc-4713 --reason "the incident is over" 2>&1 | indent
    shell_closed
    step "Her terminal:"
    tr -d '\r' <"$work/screen" | indent
    if [ "$shell_kubectl" != "$kubectl" ]; then
        grep -Eq 'breakglass: the grant inc-4713 (is revoked|ended at [^ ]+ \(Revoked)' "$work/screen" || fail "the shell was closed without its last line."
        [ "$shell_code" -ne 0 ] || fail "kubectl ended as if the command had ended."
    fi
    step "The gateway closed it. What comes after that is refused, and the answer says why"
    shown admin "kubectl -n breakglass-system logs deployment/breakglass-gateway | grep 'closed'"
    sed -n 's/.*"msg":"\(closed [^"]*\)".*/\1/p' "$work/gateway.log" | indent
    refused inc-4713 "$work/inc-4713.kubeconfig" -n payments get pods
    if [ "$shell_kubectl" != "$kubectl" ]; then the_recording; fi
}

the_recording() {
    local until=$((SECONDS + 60))
    step "The gateway recorded the shell. rita replays it; what she sees was verified against the journal"
    shown rita "kubectl breakglass replay inc-4713 --text --journal journal --key journal.pub"
    until breakglass "$rita" replay inc-4713 --text --journal "$work/journal" --key "$work/auditor/journal.pub" >"$work/replay.txt" 2>&1 &&
        grep -Eq 'ended: the grant inc-4713 (is revoked|ended at [^ ]+ \(Revoked)' "$work/replay.txt"; do
        [ "$SECONDS" -lt "$until" ] || { cat "$work/replay.txt" >&2; fail "the recording cannot be replayed."; }
        sleep 0.5
    done
    indent <"$work/replay.txt"
    grep -q 'in pod web' "$work/replay.txt" || fail "the recording does not contain what was displayed."
}

without_the_operator() {
    local token exp
    chapter "The same, but the operator dies"
    step "alice requests access again"
    ask_for_access inc-4712
    step "The operator is killed $(left) s before the expiry, without any clean-up"
    shown admin "kill -KILL $operator_pid"
    kill -KILL "$operator_pid"; wait "$operator_pid" 2>/dev/null || true; operator_pid=""
    step "The reaper still runs: the same program, in a CronJob with its own identity. Before the expiry it does nothing"
    reap
    shows inc-4712 "$work/inc-4712.kubeconfig" -n payments get configmaps -o name
    step "At the expiry, $(left) s from now, the reaper ends the access"
    while [ "$(left)" -gt 0 ]; do sleep 0.1; done
    reap
    wait_for_refusal inc-4712
    good "refused $(between "$expires" "$refused_at") s after expiresAt, with no operator alive"
    good "the reaper deleted the bindings, and the Secret and the ServiceAccount of the token"
    token="$(sed -n 's/^ *token: *"\{0,1\}\([A-Za-z0-9._-]*\)"\{0,1\} *$/\1/p' "$work/inc-4712.kubeconfig" | head -n 1)"
    exp="$(jwt_expiry "$token")"
    step "Without the reaper, the token itself would expire at $(date -u -d "@$exp" +%H:%M:%S) UTC, $(between "$expires" "$exp") s after the grant's end"
    good "an API server issues no token for less than 10 minutes; the token's expiry is the last barrier, and needs no component to run"
    step "When the operator is back, it completes the record"
    start_operator
    shows alice "$alice" wait --for=condition=Active=false bgg/inc-4712 --timeout=120s
    shows alice "$alice" get breakglassgrants
    nothing_left inc-4712
}

without_the_identity_provider() {
    local asked columns
    columns="custom-columns=PERSON:.spec.requester.username,PRESENTED-BY:.spec.requester.presentedBy,PHASE:.status.phase,REASON:.status.endReason"
    chapter "The identity provider is down"
    fill_the_safe
    step "Today the identity provider is down. People cannot sign in, and no kubeconfig of a user works"
    shown admin "kill -KILL $identity_pid"
    stop_identity_provider
    refused alice "$alice" get breakglassgrants
    refused rita "$rita" get breakglassgrants
    step "The kit is taken out of the safe and opened. The page in it says what to do"
    shown alice "kubectl breakglass voucher kit open prod.kit --to kit --passphrase-file kit.pass | sed -n '/^2/,/^   Run/p'"
    in_the_safe /dev/null voucher kit open prod.kit --to kit --passphrase-file kit.pass 2>"$work/quiet.log" | sed -n '/^2/,/^   Run/p' | indent
    step "alice requests access with her voucher. The courier's kubeconfig works, because its token is the cluster's own"
    asked=$EPOCHREALTIME
    by_voucher inc-4714
    in_the_safe /dev/null "${request[@]}" -f "$work/inc-4714.kubeconfig" 2>&1 | sed "s|$work/||g" | indent
    good "access $(since "$asked") s after she asked, while people cannot sign in"
    shows inc-4714 "$work/inc-4714.kubeconfig" -n payments patch configmap checkout --type=merge -p '{"data":{"image":"checkout:2.40.4"}}'
    step "The courier gains nothing by it, and the voucher cannot be used again"
    refused courier "$work/safe/kit/courier.kubeconfig" -n payments get configmaps
    by_voucher inc-4715
    if in_the_safe /dev/null "${request[@]}" -f "$work/inc-4715.kubeconfig" >"$work/quiet.log" 2>&1; then fail "the voucher was used twice."; fi
    grep -q 'already used' "$work/quiet.log" || { cat "$work/quiet.log" >&2; fail "the voucher was refused for another reason."; }
    printf '      %s%s%s\n' "$red" "$(grep '^error' "$work/quiet.log")" "$plain_out"
    step "The incident is over. GitOps needs no login: the authority is suspended, and the access that rests on it ends"
    expires="${EPOCHREALTIME/,/.}"
    shows gitops "$admin" patch bgauth/offline-2026 --type=merge -p '{"spec":{"suspended":true}}'
    wait_for_refusal inc-4714
    good "refused $(between "$expires" "$refused_at") s after the authority was suspended, as seen by polling with kubectl"
    run_quietly "$admin" wait --for=condition=Revoked bgg/inc-4714 --timeout=120s
    nothing_left inc-4714
    step "The record: who used the voucher, who presented it, and what is due now"
    shows admin "$admin" get bgg/inc-4714 -o "$columns"
    events_of inc-4714
    shows admin "$admin" get bgauth/offline-2026 -o 'jsonpath={.status.conditions[?(@.type=="RotationDue")].message}{"\n"}'
    step "The identity provider is back"
    start_identity_provider
    shows alice "$alice" get breakglassgrants
}

a_drill() {
    chapter "A drill"
    step "Will it work the next time? A drill rehearses a policy every week: the operator requests access, uses it and revokes it"
    shows gitops "$admin" apply -f hack/demo/drill.yaml
    step "It can also be run at once. Each line is a phase, with the time that it took"
    shown admin "kubectl breakglass drill run payments-weekly"
    breakglass "$admin" drill run payments-weekly 2>&1 | indent
    step "rita reads the report"
    shown rita "kubectl breakglass drill report payments-weekly"
    breakglass "$rita" drill report payments-weekly 2>&1 | indent
    shown rita "kubectl breakglass drill report --output html > drills.html    # with a chart of the last runs"
    breakglass "$rita" drill report --output html > "$work/drills.html"
    grep -q '<svg' "$work/drills.html" || fail "the report has no chart."
}

nothing_left() { # nothing_left GRANT
    [ -z "$(kubectl_as "$admin" get clusterrolebindings,rolebindings,roles,serviceaccounts,secrets -A -l "breakglass.dev/grant=$1" -o name)" ] ||
        fail "objects of the finished grant are still there."
    good "no binding, ServiceAccount or Secret of the grant is left in the cluster"
}

reap() {
    shown cronjob "breakglass-operator reap"
    KUBECONFIG="$reaper_kubeconfig" "${operator[@]}" reap >"$work/reap.log" 2>&1 || { cat "$work/reap.log" >&2; fail "the reaper failed."; }
    sed -n 's/.*"msg":"\([^"]*\)".*/\1/p' "$work/reap.log" | indent
}

session_of() { # session_of GRANT: waits for the last of what she did. The API server posts events once a second, and the operator writes every 2 s
    local until=$((SECONDS + 60))
    until kubectl_as "$admin" get "bgsess/$1" -o 'jsonpath={.status.actions[*].subresource}' 2>/dev/null | grep -q exec; do
        [ "$SECONDS" -lt "$until" ] || fail "the session of $1 has no exec."
        sleep 0.2
    done
}

bundle() { # bundle GRANT: the operator writes the journal a moment after its records, so that the first try can be too early
    local until=$((SECONDS + 60))
    until breakglass "$rita" report "$1" --bundle "$work/auditor/$1.zip" --journal "$work/journal" --key "$work/auditor/journal.pub" >"$work/quiet.log" 2>&1
    do
        [ "$SECONDS" -lt "$until" ] || { cat "$work/quiet.log" >&2; fail "no bundle of $1."; }
        sleep 0.5
    done
    sed "s|$work/auditor/||g" "$work/quiet.log" | indent
}

offline() { # offline ARGUMENT...: kubectl breakglass journal, in the auditor's directory, and without a kubeconfig
    (cd "$work/auditor" && HOME="$work/auditor" KUBECONFIG=/dev/null "${plugin[@]}" journal "$@" --key journal.pub 2>&1)
}

found() { # found JOURNAL-OR-BUNDLE: what was changed must be found
    local said
    shown auditor "kubectl breakglass journal verify $1 --key journal.pub"
    if said="$(offline verify "$1")"; then fail "the change was not found: $said"; fi
    printf '      %s%s%s\n' "$red" "$(grep '^error' <<<"$said")" "$plain_out"
}

work="$(mktemp -d)"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
say "first builds the operator from source, and a Kubernetes control plane (only once, 5 to 10 minutes; later it takes seconds)"
hack/build.sh src/BreakGlass.Operator
hack/build.sh src/BreakGlass.Cli
hack/build.sh tests/DemoKubelet
need curl curl
kubectl="$(hack/ensure-kubectl.sh)"
# From 1.31 on, kubectl opens shells over WebSocket, in which the gateway can write a last line. An older one has none.
shell_kubectl="$(hack/ensure-kubectl.sh current)" || shell_kubectl="$kubectl"
start_control_plane
began=$EPOCHREALTIME
set_up
start_operator
say "CRDs, RBAC, a key for the journal, and the operator (as its own ServiceAccount, never as admin) in place after $(since "$began") s"
with_the_operator
the_evidence
a_shell_through_the_gateway
without_the_operator
without_the_identity_provider
a_drill
printf '\n%s\n' "${bold}Done in $(since "$began") s${plain_out}, without the start of the control plane. Nothing is left on this machine."
