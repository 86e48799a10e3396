using System.Text.RegularExpressions;

namespace TestKit;

/// <summary>The Kubernetes release that the tests run on.</summary>
public static partial class Release
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    /// <summary>What the control plane will be built from where no binary is there yet: Debian's.</summary>
    private static readonly Version s_debian = new(1, 20, 2);

    private static readonly Lazy<Version> s_installed = new(AskBinary);

    /// <summary>The release of the kube-apiserver that a control plane would start; asks the binary, starts no server.</summary>
    public static Version Installed => s_installed.Value;

    /// <summary>Reads e.g. <c>Kubernetes v1.20.2</c> or <c>v1.35.0-rc.1+abc</c>.</summary>
    /// <exception cref="FormatException">There is no such version in the text.</exception>
    public static Version Parse(string text) =>
        VersionInText().Match(text) is { Success: true } match
            ? Version.Parse(match.Groups["version"].ValueSpan)
            : throw new FormatException($"'{text}' was expected to hold a version such as v1.20.2.");

    private static Version AskBinary()
    {
        var (found, directory) = Ask(Script.Path("control-plane-binaries.sh"), "--if-present");
        return found ? Parse(Ask(Path.Combine(directory.Trim(), "kube-apiserver"), "--version").Output) : s_debian;
    }

    // Attributes are made by xunit's discovery, which cannot await; both commands end within milliseconds.
    private static (bool Succeeded, string Output) Ask(string file, string argument)
    {
        using var process = Script.Start(Script.Describe(file, [argument]));
        process.StandardInput.Close();
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var output = process.StandardOutput.ReadToEnd();
        return process.WaitForExit(s_limit)
            ? (process.ExitCode == 0, output)
            : throw new TimeoutException($"{file} {argument} was expected to end within {s_limit.TotalSeconds:0} s.");
    }

    [GeneratedRegex(@"v(?<version>\d+\.\d+\.\d+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex VersionInText();
}
