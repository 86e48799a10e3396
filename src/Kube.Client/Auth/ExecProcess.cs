using System.ComponentModel;

namespace Kube.Client;

/// <summary>Runs a credential plugin once and gives what it printed.</summary>
internal static class ExecProcess
{
    /// <summary>How long a plugin that asks no questions may run.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    public static async Task<byte[]> RunAsync(ExecPlugin plugin, ClusterConnection connection, TimeProvider time, CancellationToken cancellationToken)
    {
        var interactive = IsInteractive(plugin);
        // Somebody who types a password takes as long as it takes.
        using var limit = interactive ? new CancellationTokenSource() : new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var process = Start(plugin, connection, interactive);
        try
        {
            if (!interactive) process.StandardInput.Close();
            using var output = new MemoryStream();
            await process.StandardOutput.BaseStream.CopyToAsync(output, both.Token);
            await process.WaitForExitAsync(both.Token);
            if (process.ExitCode != 0)
            {
                throw new KubeConfigException(
                    $"credential plugin '{plugin.Command}' failed with exit code {process.ExitCode}; see its output on standard error.{Hint(plugin)}");
            }

            return output.ToArray();
        }
        catch (OperationCanceledException e)
        {
            Kill(process);
            if (cancellationToken.IsCancellationRequested) throw;
            throw new KubeConfigException($"credential plugin '{plugin.Command}' did not finish within {Limit.TotalSeconds:0} s and was stopped.", e);
        }
    }

    private static Process Start(ExecPlugin plugin, ClusterConnection connection, bool interactive)
    {
        var start = new ProcessStartInfo(Locate(plugin))
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = !interactive,
            UseShellExecute = false,
        };
        foreach (var arg in plugin.Args) start.ArgumentList.Add(arg);
        foreach (var (name, value) in plugin.Env) start.Environment[name] = value;
        start.Environment["KUBERNETES_EXEC_INFO"] = Info(plugin, connection, interactive);
        try
        {
            return Process.Start(start) ?? throw new KubeConfigException($"credential plugin '{plugin.Command}' did not start.{Hint(plugin)}");
        }
        catch (Win32Exception e)
        {
            throw new KubeConfigException(
                $"credential plugin '{plugin.Command}' cannot be run ({e.Message}). Install it, or correct 'command' in the kubeconfig.{Hint(plugin)}", e);
        }
    }

    /// <summary>A command with a slash is relative to the kubeconfig; one without is looked up on the PATH.</summary>
    private static string Locate(ExecPlugin plugin) =>
        plugin.BaseDirectory is { } directory && plugin.Command.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? Path.GetFullPath(plugin.Command, directory)
            : plugin.Command;

    private static bool IsInteractive(ExecPlugin plugin)
    {
        var terminal = !Console.IsInputRedirected;
        if (plugin.InteractiveMode == InteractiveMode.Always && !terminal)
        {
            throw new KubeConfigException(
                $"credential plugin '{plugin.Command}' requires user input (interactiveMode: Always), but there is no terminal. " +
                "Log in manually first, or use another user.");
        }

        return plugin.InteractiveMode != InteractiveMode.Never && terminal;
    }

    /// <summary>KUBERNETES_EXEC_INFO: an ExecCredential with the spec alone.</summary>
    private static string Info(ExecPlugin plugin, ClusterConnection connection, bool interactive)
    {
        var spec = new JsonObject();
        if (plugin.ProvideClusterInfo) spec["cluster"] = Cluster(plugin, connection);
        spec["interactive"] = interactive;
        return new JsonObject { ["kind"] = "ExecCredential", ["apiVersion"] = plugin.ApiVersion, ["spec"] = spec }.ToJsonString();
    }

    private static JsonObject Cluster(ExecPlugin plugin, ClusterConnection connection)
    {
        var cluster = new JsonObject { ["server"] = connection.Server.OriginalString };
        if (connection.TlsServerName is { } name) cluster["tls-server-name"] = name;
        if (connection.InsecureSkipTlsVerify) cluster["insecure-skip-tls-verify"] = true;
        if (connection.CertificateAuthority?.Read() is { } authority)
            cluster["certificate-authority-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(authority));
        if (connection.Proxy is { } proxy) cluster["proxy-url"] = proxy.OriginalString;
        if (plugin.ClusterExtension is { } config) cluster["config"] = config.DeepClone();
        return cluster;
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // it has ended by itself
        }
    }

    private static string Hint(ExecPlugin plugin) => plugin.InstallHint is { Length: > 0 } hint ? " " + hint : "";
}
