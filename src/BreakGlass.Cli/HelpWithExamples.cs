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
        ["journal"] = """
              kubectl breakglass journal verify /backup/journal --key breakglass-journal.pub
              kubectl breakglass journal verify /backup/journal --key breakglass-journal.pub --checkpoint kept-checkpoint
              kubectl breakglass journal show /backup/journal --key breakglass-journal.pub --grant inc-4711

            Keep the public key, and from time to time a copy of the file 'checkpoint', where the writer of the journal cannot change them.
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
        if (Examples.TryGetValue(parseResult.CommandResult.Command.Name, out var examples))
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            output.WriteLine(examples);
        }

        return code;
    }
}
