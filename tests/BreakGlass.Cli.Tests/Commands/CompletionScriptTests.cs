using System.Diagnostics;
using System.Runtime.Versioning;
using BreakGlass.Cli.Commands;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

/// <summary>The completion scripts in the shells that they are for, and kubectl's in kubectl; the plugin is one that says what it was asked.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class CompletionScriptTests : IDisposable
{
    private readonly string _bin = Directory.CreateTempSubdirectory("breakglass-completion-").FullName;

    public CompletionScriptTests() => Script("kubectl-breakglass", """
        #!/bin/sh
        echo "$*" > "$(dirname "$0")/asked"
        case "$*" in *FILE*) echo :0;; *) printf 'payments:eu\tPayments on-call\nplain\n:4\n';; esac
        """);

    public void Dispose() => Directory.Delete(_bin, recursive: true);

    [Theory]
    [InlineData("request p", "payments:eu|plain")]
    [InlineData("lint FILE", "")]
    public async Task Bash(string words, string expected)
    {
        var said = await RunAsync("bash", ["-c", $"{CompletionScripts.All["bash"]}\nCOMP_WORDS=(kubectl-breakglass {words}) COMP_CWORD=2; "
            + $"_kubectl_breakglass; IFS='|'; echo \"${{COMPREPLY[*]}}\"; complete -p kubectl-breakglass"]);
        said.Should().StartWith($"{expected}\n").And.Contain("complete -o default -F _kubectl_breakglass kubectl-breakglass");
        Asked.Should().Be($"__complete {words}");
    }

    [ShellTheory("zsh")]
    [InlineData("request p", "payments\\:eu:Payments on-call|plain")]
    [InlineData("lint FILE", "files")]
    public async Task Zsh(string words, string expected)
    {
        // What the completion system gives is there while it runs only; these stand for it.
        const string System = "compdef() { :; }; compset() { :; }; _files() { echo files; }; _describe() { echo \"${(Pj:|:)@[-1]}\"; }\n";
        (await RunAsync("zsh", ["-f", "-c", $"{System}{CompletionScripts.All["zsh"]}\nwords=(kubectl-breakglass {words}); CURRENT=3; _kubectl_breakglass"]))
            .Should().Be($"{expected}\n");
        Asked.Should().Be($"__complete {words}");
    }

    [ShellTheory("fish")]
    [InlineData("request p", "payments:eu\tPayments on-call\nplain\n")]
    [InlineData("request ''", null)]
    [InlineData("list --output=p", "--output=payments:eu\tPayments on-call\n--output=plain\n")]
    public async Task Fish(string words, string? expected)
    {
        var script = Path.Combine(_bin, "completion.fish");
        await File.WriteAllTextAsync(script, CompletionScripts.All["fish"]);
        var said = await RunAsync(
            "fish", ["--no-config", "-c", $"source {script}; complete -C 'kubectl-breakglass {words.Replace("''", "", StringComparison.Ordinal)}'"]);
        if (expected is not null) said.Should().Be(expected);
        Asked.Should().Be($"__complete {words.Replace("''", "", StringComparison.Ordinal)}");
    }

    [Fact]
    public async Task Kubectl()
    {
        Script("kubectl_complete-breakglass", CompletionScripts.All["kubectl"]);
        var kubectl = (await RunAsync(Path.Combine(Golden.RepositoryRoot, "hack", "ensure-helm.sh"), ["kubectl"], seconds: 300)).Trim();

        (await RunAsync(kubectl, ["__complete", "breakglass", "request", "p"])).Should().Be("payments:eu\tPayments on-call\nplain\n:4\n");

        Asked.Should().Be("__complete request p");
    }

    private string Asked => File.ReadAllText(Path.Combine(_bin, "asked")).TrimEnd('\n');

    private void Script(string name, string text)
    {
        Executable.Write(Path.Combine(_bin, name), text + "\n");
    }

    private async Task<string> RunAsync(string file, string[] arguments, int seconds = 120)
    {
        using var timeUp = new CancellationTokenSource(TimeSpan.FromSeconds(seconds), TimeProvider.System);
        var start = new ProcessStartInfo(
            file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        start.Environment["PATH"] = $"{_bin}:{Environment.GetEnvironmentVariable("PATH")}";
        if (seconds <= 120) start.Environment["HOME"] = _bin; // no configuration of whoever runs the tests
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(timeUp.Token);
            var error = process.StandardError.ReadToEndAsync(timeUp.Token);
            await process.WaitForExitAsync(timeUp.Token);
            process.ExitCode.Should().Be(0, await error);
            return await output;
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{file} was expected to end within {seconds} s and did not.", e);
        }
    }
}
