namespace TestKit.Kubelet;

/// <summary>A kubectl of one release, with a kubeconfig, for what takes a terminal, raw bytes or a long time.</summary>
/// <param name="Program">The path of the program.</param>
/// <param name="Environment">The variables that it gets.</param>
public sealed record Kubectl(string Program, IReadOnlyDictionary<string, string> Environment)
{
    private static readonly TimeSpan s_fetching = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_command = TimeSpan.FromSeconds(150);

    /// <summary>The kubectl of a release with a kubeconfig.</summary>
    /// <param name="webSockets">Whether exec, attach, cp and port-forward try WebSocket first; releases before 1.29 have SPDY only.</param>
    public static async Task<Kubectl> OfAsync(
        KubectlRelease release, string kubeconfig, bool webSockets = true, CancellationToken cancellationToken = default)
    {
        var name = release == KubectlRelease.Debian ? "debian" : "current";
        var program = await Script.RunAsync(Script.Describe(Script.Path("ensure-kubectl.sh"), [name]), s_fetching, cancellationToken);
        var use = webSockets ? "true" : "false";
        return new(program.OrThrow().Trim(), new Dictionary<string, string>
        {
            ["KUBECONFIG"] = kubeconfig, ["HOME"] = $"{kubeconfig}.home", // beside it, so that it is removed with the control plane
            ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = use, ["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = use,
        });
    }

    /// <summary>Runs it to its end.</summary>
    public async Task<CommandResult> RunAsync(params IEnumerable<string> arguments) =>
        await Script.RunAsync(Script.Describe(Program, arguments, Environment), s_command, CancellationToken.None);

    /// <summary>Runs it to its end with bytes as its standard input, and gives the bytes of its standard output.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it wrote to standard error.</exception>
    public async Task<byte[]> PipeAsync(byte[] input, params IEnumerable<string> arguments)
    {
        using var timeUp = new CancellationTokenSource(s_command, TimeProvider.System);
        using var process = Script.Start(Script.Describe(Program, arguments, Environment));
        try
        {
            using var output = new MemoryStream();
            var error = process.StandardError.ReadToEndAsync(timeUp.Token);
            var reading = process.StandardOutput.BaseStream.CopyToAsync(output, timeUp.Token);
            await process.StandardInput.BaseStream.WriteAsync(input, timeUp.Token);
            process.StandardInput.Close();
            await reading;
            await process.WaitForExitAsync(timeUp.Token);
            return process.ExitCode == 0 ? output.ToArray() : throw new InvalidOperationException($"kubectl ended with {process.ExitCode}: {await error}");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Starts it beside the test.</summary>
    public Task<RunningCommand> StartAsync(params IEnumerable<string> arguments) => RunningCommand.StartAsync([Program, .. arguments], Environment);

    /// <summary>Starts it beside the test, in a terminal.</summary>
    public Task<RunningCommand> OpenTerminalAsync(TerminalSize size, params IEnumerable<string> arguments) =>
        RunningCommand.StartAsync([Program, .. arguments], Environment, size);
}
