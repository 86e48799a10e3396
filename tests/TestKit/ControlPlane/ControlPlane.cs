using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace TestKit;

/// <summary>
/// A real API server with etcd and kube-controller-manager, run as processes on loopback by <c>hack/control-plane.sh</c>.
/// The script lives as long as its standard input, which this object holds: a test run that is killed takes it along.
/// </summary>
public sealed class ControlPlane : IAsyncDisposable
{
    private static readonly TimeSpan s_building = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan s_starting = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_command = TimeSpan.FromSeconds(150);
    private static readonly TimeSpan s_stopping = TimeSpan.FromSeconds(60);

    private readonly Process _script;
    private readonly string _kubectl;
    private int _disposed;

    private ControlPlane(Process script, string directory, string adminKubeconfig, TimeSpan startTime, string kubectl)
    {
        _script = script;
        _kubectl = kubectl;
        Directory = directory;
        AdminKubeconfig = adminKubeconfig;
        StartTime = startTime;
        Server = new Uri(File.ReadAllText(Path.Combine(directory, "server")).Trim());
        ServerVersion = Release.Parse(File.ReadAllText(Path.Combine(directory, "version")));
    }

    /// <summary>Holds every file of this control plane; removed at the end.</summary>
    public string Directory { get; }

    /// <summary>Kubeconfig of a user in system:masters: for setting a test up, never for what is tested.</summary>
    public string AdminKubeconfig { get; }

    /// <summary>Where the API server listens, e.g. https://127.0.0.1:23456.</summary>
    public Uri Server { get; }

    /// <summary>The API server's release, e.g. 1.20.2.</summary>
    public Version ServerVersion { get; }

    /// <summary>How long it took from the first process to a ready API server with aggregated roles.</summary>
    public TimeSpan StartTime { get; }

    /// <summary>The certificate of the authority that signed the API server's and all clients' certificates (PEM).</summary>
    public string CaCertificate => Path.Combine(Directory, "pki", "ca.crt");

    /// <summary>audit.k8s.io/v1 events, one JSON object a line, metadata only; written before the answer to the request is.</summary>
    public string AuditLog => Path.Combine(Directory, "audit.log");

    /// <summary>The token with which audit events are posted, where they are.</summary>
    public string AuditToken => Path.Combine(Directory, "audit-token");

    /// <summary>A directory with a certificate for who listens on this machine, where audit events are posted.</summary>
    public string WebhookCertificate => Path.Combine(Directory, "webhook");

    /// <summary>The process of the script that owns the control plane.</summary>
    public int ProcessId => _script.Id;

    /// <summary>The process of one part, for a test that stops or kills it.</summary>
    /// <param name="part"><c>etcd</c>, <c>kube-apiserver</c> or <c>kube-controller-manager</c>.</param>
    public int ProcessIdOf(string part) => int.Parse(File.ReadAllText(Path.Combine(Directory, part + ".pid")), CultureInfo.InvariantCulture);

    /// <summary>Starts a control plane of its own; most tests take the shared one of <see cref="ControlPlaneFixture"/>.</summary>
    /// <param name="apiServerFlags">Additional flags of kube-apiserver, separated by spaces, e.g. <c>--goaway-chance=0.02</c>.</param>
    /// <param name="auditPort">The port of this machine to which audit events are posted; null for nowhere.</param>
    /// <param name="cancellationToken">Ends the start and whatever has been started.</param>
    /// <exception cref="InvalidOperationException">It did not come up; the message holds what the script said.</exception>
    public static async Task<ControlPlane> StartAsync(string apiServerFlags = "", int? auditPort = null, CancellationToken cancellationToken = default)
    {
        // Both may install or build first, which has a limit of its own.
        (await Script.RunAsync(Script.Describe(Script.Path("control-plane-binaries.sh"), []), s_building, cancellationToken)).OrThrow();
        var kubectl = (await Script.RunAsync(Script.Describe(Script.Path("ensure-kubectl.sh"), []), s_building, cancellationToken)).OrThrow().Trim();

        var directory = System.IO.Directory.CreateTempSubdirectory("breakglass-control-plane-").FullName;
        var script = Script.Start(Script.Describe(
            Script.Path("control-plane.sh"),
            ["run", directory],
            new Dictionary<string, string> { ["KUBE_APISERVER_FLAGS"] = apiServerFlags, ["KEEP"] = string.Empty,
                ["AUDIT_WEBHOOK_PORT"] = auditPort?.ToString(CultureInfo.InvariantCulture) ?? string.Empty }));
        var said = new StringBuilder();
        script.ErrorDataReceived += (_, line) => { lock (said) { said.AppendLine(line.Data); } };
        script.BeginErrorReadLine();

        using var timeUp = new CancellationTokenSource(s_starting, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeUp.Token, cancellationToken);
        string? answer = null;
        try
        {
            answer = await script.StandardOutput.ReadLineAsync(either.Token);
            if (answer?.Split(' ', 3) is ["READY", var seconds, var kubeconfig])
            {
                return new ControlPlane(script, directory, kubeconfig, TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)), kubectl);
            }
        }
        catch (OperationCanceledException) when (timeUp.IsCancellationRequested)
        {
            answer = $"nothing within {s_starting.TotalSeconds:0} s";
        }
        catch
        {
            await EndAsync(script, directory);
            throw;
        }

        await EndAsync(script, directory);
        lock (said)
        {
            throw new InvalidOperationException($"hack/control-plane.sh was expected to say READY and said: {answer ?? "nothing"}\n{said}");
        }
    }

    /// <summary>A kubeconfig for a user who is authenticated by a client certificate; without RBAC rules it may do nothing.</summary>
    public async Task<string> UserKubeconfigAsync(string name, IEnumerable<string>? groups = null, CancellationToken cancellationToken = default) =>
        await ScriptAsync(["user", Directory, name, .. groups ?? []], cancellationToken);

    /// <summary>A kubeconfig with a token (TokenRequest) of a ServiceAccount that exists.</summary>
    /// <param name="lifetime">The token's life, at least 10 minutes (the API server's floor); default 24 hours.</param>
    /// <exception cref="InvalidOperationException">The API server gave no token; the message says why.</exception>
    public async Task<string> ServiceAccountKubeconfigAsync(
        string @namespace, string name, TimeSpan? lifetime = null, CancellationToken cancellationToken = default) =>
            await ScriptAsync(["token", Directory, @namespace, name,
                ((int)(lifetime ?? TimeSpan.FromHours(24)).TotalSeconds).ToString(CultureInfo.InvariantCulture)], cancellationToken);

    /// <summary>Runs kubectl with a kubeconfig. Nothing of the machine's own kubectl configuration or cache is read or written.</summary>
    /// <param name="input">What kubectl reads from its standard input (<c>-f -</c>).</param>
    /// <exception cref="TimeoutException">It did not end within a minute; it was killed.</exception>
    public Task<CommandResult> KubectlAsync(
        string kubeconfig, IEnumerable<string> arguments, string? input = null, CancellationToken cancellationToken = default) =>
            Script.RunAsync(
                Script.Describe(_kubectl, arguments,
                    new Dictionary<string, string> { ["KUBECONFIG"] = kubeconfig, ["HOME"] = Path.Combine(Directory, "kubectl-home") }),
                s_command,
                cancellationToken,
                input);

    /// <summary>As <see cref="KubectlAsync"/> for the administrator, for a command that must succeed; gives its standard output.</summary>
    public async Task<string> AdminAsync(IEnumerable<string> arguments, string? input = null, CancellationToken cancellationToken = default) =>
        (await KubectlAsync(AdminKubeconfig, arguments, input, cancellationToken)).OrThrow();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await EndAsync(_script, Directory);
        }
    }

    /// <summary>Ends it from a handler that cannot wait asynchronously: the end of the test process.</summary>
    internal void End()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _script.StandardInput.Close();
            _script.WaitForExit(s_stopping);
        }
    }

    private static async Task<string> ScriptAsync(string[] arguments, CancellationToken cancellationToken) =>
        (await Script.RunAsync(Script.Describe(Script.Path("control-plane.sh"), arguments), s_command, cancellationToken)).OrThrow().Trim();

    private static async Task EndAsync(Process script, string directory)
    {
        using (script)
        {
            script.StandardInput.Close();
            using var timeUp = new CancellationTokenSource(s_stopping, TimeProvider.System);
            try
            {
                await script.WaitForExitAsync(timeUp.Token);
            }
            catch (OperationCanceledException)
            {
                script.Kill(entireProcessTree: true);
            }

            if (System.IO.Directory.Exists(directory))
            {
                System.IO.Directory.Delete(directory, recursive: true);
            }
        }
    }
}
