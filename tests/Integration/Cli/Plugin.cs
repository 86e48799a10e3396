using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using TestKit;

namespace Integration.Cli;

/// <summary>The plugin as a process of its own, as <c>kubectl breakglass</c> on the PATH starts it.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class Plugin
{
    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-plugin-").FullName;

    private Plugin()
    {
    }

    /// <summary>The plugin built in the tests' own configuration.</summary>
    public static string Binary { get; } = Path.Combine(
        Golden.RepositoryRoot, "artifacts", "bin", "BreakGlass.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "kubectl-breakglass.dll");

    /// <summary>A PATH on which kubectl finds the plugin, and a directory of its own for credentials; both go with the test.</summary>
    public static async Task WithAsync(Func<Plugin, Task> test)
    {
        var plugin = new Plugin();
        try
        {
            Executable.Write(Path.Combine(plugin._directory, "kubectl-breakglass"), $"#!/bin/sh\nexec dotnet '{Binary}' \"$@\"\n");
            await test(plugin);
        }
        finally
        {
            Directory.Delete(plugin._directory, recursive: true);
        }
    }

    /// <summary>Writes a file next to the plugin and gives its path.</summary>
    public string Write(string name, string content)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Runs <c>kubectl</c> as somebody, with the plugin on the PATH.</summary>
    public async Task<(int Code, string Out, string Error)> KubectlAsync(string kubeconfig, params string[] arguments)
    {
        using var kubectl = Start(kubeconfig, arguments);
        return await EndAsync(kubectl);
    }

    /// <summary>Starts <c>kubectl breakglass</c>, does something meanwhile, and waits for its end.</summary>
    public async Task<(int Code, string Out, string Error)> KubectlAsync(string kubeconfig, Func<Process, Task> meanwhile, params string[] arguments)
    {
        using var kubectl = Start(kubeconfig, arguments);
        var end = EndAsync(kubectl);
        await meanwhile(kubectl);
        return await end;
    }

    private Process Start(string kubeconfig, string[] arguments)
    {
        var start = new ProcessStartInfo(
            "kubectl", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["KUBECONFIG"] = kubeconfig;
        start.Environment["PATH"] = $"{_directory}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["XDG_CACHE_HOME"] = Path.Combine(_directory, "cache");
        var kubectl = Process.Start(start) ?? throw new InvalidOperationException("kubectl did not start");
        kubectl.StandardInput.Close();
        return kubectl;
    }

    private static async Task<(int Code, string Out, string Error)> EndAsync(Process process)
    {
        var error = new StringBuilder();
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not null) error.AppendLine(line.Data);
        };
        process.BeginErrorReadLine();
        var output = process.StandardOutput.ReadToEndAsync();
        try
        {
            await Eventually.WithinLimitAsync(output, $"the end of kubectl {string.Join(' ', process.StartInfo.ArgumentList)}; it says\n{error}");
            await process.WaitForExitAsync();
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output, error.ToString());
    }
}
