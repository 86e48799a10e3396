using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace BreakGlass.Cli;

/// <summary>A command's help with examples at its end, as kubectl's has them.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, string> Examples = new(StringComparer.Ordinal)
    {
        ["request"] = """
              # a kubeconfig for this shell
              eval "$(kubectl breakglass request payments-oncall --reason 'checkout returns 5xx since the deploy')"
              # one command; access is revoked when it ends
              kubectl breakglass request payments-oncall --reason '…' --ticket INC-4711 --for 30m -- kubectl rollout undo deploy/checkout
              # when people cannot sign in, with a voucher from the safe
              eval "$(kubectl breakglass request --kubeconfig kit/courier.kubeconfig --voucher kit/alice.voucher --reason 'the identity provider is down')"

            The credential is encrypted with a key that only this process has. Standard output is for eval; everything else goes to standard error.
            """,
        ["credential"] = """
              # a kubeconfig user whose commands all use the grant, and request one if there is none
              kubectl config set-credentials payments-oncall --exec-api-version=client.authentication.k8s.io/v1 --exec-interactive-mode=Never \
                --exec-command=kubectl-breakglass --exec-arg=credential --exec-arg=--context=my-own-context --exec-arg=--policy=payments-oncall --exec-arg=--reason=…

            With --policy, a grant that is still active is used again. --context must name a context with your own credentials.
            """,
        ["lockdown"] = """
              kubectl breakglass lockdown --reason 'token leaked'
              kubectl breakglass lockdown --reason 'payments compromised' --selector team=payments
              kubectl breakglass lockdown --lift
            """,
        ["rotate"] = """
              # a planned rotation: everything is sealed with a new key, and the old one is accepted for another day
              kubectl breakglass rotate seals --overlap 24h
              # a key has leaked: what rests on it ends
              kubectl breakglass rotate seals --overlap 0
              kubectl breakglass rotate all --overlap 0
            """,
        ["lint"] = """
              kubectl breakglass lint policies/
              kubectl breakglass lint --output sarif policies/*.yaml > breakglass.sarif
            """,
        ["test"] = """
              kubectl breakglass test --cases cases.yaml policies/
              kubectl breakglass test --cases cases.yaml --output junit policies/ > breakglass.xml
            """,
        ["report"] = """
              kubectl breakglass report inc-4711
              kubectl breakglass report inc-4711 --output html > inc-4711.html
            """,
        ["replay"] = """
              kubectl breakglass replay inc-4711 --journal /backup/journal --key breakglass-journal.pub
              kubectl breakglass replay inc-4711 2 --journal /backup/journal --key breakglass-journal.pub --speed 4
              kubectl breakglass replay inc-4711 2 --journal /backup/journal --key breakglass-journal.pub --text | grep -n passwd
              kubectl breakglass replay inc-4711 --journal /backup/journal --key breakglass-journal.pub --html inc-4711.html

            A recording can contain what the person who was recorded wanted your terminal to do. Only text, colours, cursor movement, erasing, the alternate
            screen and the scroll region get through. Text that colours hide is in the output of --text.
            """,
        ["journal"] = """
              kubectl breakglass journal verify /backup/journal --key breakglass-journal.pub
              kubectl breakglass journal verify /backup/journal --key breakglass-journal.pub --checkpoint kept-checkpoint
              kubectl breakglass journal show /backup/journal --key breakglass-journal.pub --grant inc-4711

            Keep the public key, and from time to time a copy of the file 'checkpoint', where the writer of the journal cannot change them.
            """,
        ["voucher"] = """
              # on an offline machine: two keys, of which both must sign
              kubectl breakglass voucher authority offline-2026 --private-key first.pem --required 2 > authority.yaml
              kubectl breakglass voucher authority offline-2026 --private-key second.pem --into authority.yaml
              # a voucher for alice, and the kit for the safe
              kubectl breakglass voucher holder --private-key alice.key > alice.jwk
              kubectl breakglass voucher issue --key first.pem --authority offline-2026 --cluster UID --person alice --policy payments-oncall \
                --holder alice.jwk --out alice.voucher
              kubectl breakglass voucher sign alice.voucher --key second.pem --out alice.voucher
              kubectl breakglass voucher kit --voucher alice.voucher --holder-key alice.key --courier courier.kubeconfig --out prod.kit > page.txt

            Every subcommand has its own --help. The cookbook describes the whole procedure.
            """,
        ["voucher authority"] = """
              kubectl breakglass voucher authority offline-2026 --private-key first.pem > authority.yaml
              kubectl breakglass voucher authority offline-2026 --private-key second.pem --into authority.yaml --required 2
            """,
        ["voucher holder"] = """
              kubectl breakglass voucher holder --private-key alice.key > alice.jwk
            """,
        ["voucher issue"] = """
              # the cluster's id: kubectl get namespace kube-system -o jsonpath='{.metadata.uid}'
              kubectl breakglass voucher issue --key first.pem --authority offline-2026 --cluster 4b1d9f4e-3f51-4c55-9f5c-1d3c4f2f7a10 \
                --person alice --policy payments-oncall --holder alice.jwk --max-duration 30m --valid-for 2160h --out alice.voucher
            """,
        ["voucher sign"] = """
              kubectl breakglass voucher sign alice.voucher --key second.pem --out alice.voucher
            """,
        ["voucher inspect"] = """
              kubectl breakglass voucher inspect alice.voucher --authority authority.yaml
            """,
        ["voucher kit"] = """
              # with a courier's kubeconfig that exists, offline
              kubectl breakglass voucher kit --voucher alice.voucher --holder-key alice.key --courier courier.kubeconfig --out prod.kit > page.txt
              # with a new token of the courier's ServiceAccount
              kubectl breakglass voucher kit --voucher alice.voucher --holder-key alice.key --courier-account breakglass-system/breakglass-courier \
                --out prod.kit > page.txt
              # with a client certificate of a user, if the cluster's signer gives one
              kubectl breakglass voucher kit --voucher alice.voucher --holder-key alice.key --courier-user breakglass-courier-2026 --out prod.kit > page.txt
              kubectl breakglass voucher kit open prod.kit --to kit

            Without the plugin: mkdir -m 700 kit && gpg --decrypt prod.kit | tar -x -C kit
            """,
        ["drill"] = """
              kubectl breakglass drill run payments-weekly
              kubectl breakglass drill report payments-weekly
              kubectl breakglass drill report --output html > drills.html
            """,
        ["completion"] = """
              # completion of 'kubectl breakglass …' (kubectl 1.26 or later): a script on the PATH
              kubectl breakglass completion kubectl > ~/.local/bin/kubectl_complete-breakglass && chmod +x ~/.local/bin/kubectl_complete-breakglass
              # of 'kubectl-breakglass …' itself, in bash
              source <(kubectl-breakglass completion bash)
            """,
    };

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var code = usual.Invoke(parseResult);
        if (Examples.TryGetValue(CommandLine.WordsOf(parseResult), out var examples))
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            output.WriteLine(examples);
        }

        return code;
    }
}
