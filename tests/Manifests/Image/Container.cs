using FluentAssertions;
using Manifests.Chart;
using TestKit;

namespace Manifests.Image;

/// <summary>
/// A container of an image, run by buildah as the image says: its user, its environment, its files and no others; the network is the machine's.
/// </summary>
internal sealed class Container : IAsyncDisposable
{
    private const int Minutes = 60;

    private readonly string _name;

    private Container(string name, string root) => (_name, Root) = (name, root);

    /// <summary>Where its files can be looked at.</summary>
    public string Root { get; }

    public static async Task<Container> FromAsync(string image)
    {
        var name = (await ShAsync($"buildah from {image}")).Trim();
        return new(name, (await ShAsync($"buildah mount {name}")).Trim());
    }

    /// <summary>Runs a program of it to its end.</summary>
    public Task<ToolResult> RunAsync(string[] options, params string[] command) =>
        Tool.RunAsync("env", ["BUILDAH_ISOLATION=chroot", "buildah", "run", .. options, _name, "--", .. command], seconds: 120);

    /// <summary>Starts a program of it that runs until it is stopped.</summary>
    public RunningProgram Start(string[] options, params string[] command) =>
        new(["BUILDAH_ISOLATION=chroot", "buildah", "run", .. options, _name, "--", .. command]);

    public async ValueTask DisposeAsync() => await ShAsync($"buildah rm {_name}");

    /// <summary>Runs a script in the repository; it must succeed.</summary>
    public static async Task<string> ShAsync(string script)
    {
        var result = await Tool.RunAsync(
            "bash", ["-euo", "pipefail", "-c", $"cd '{Golden.RepositoryRoot}'; export BUILDAH_ISOLATION=chroot; {script}"], Minutes * 60);
        result.ExitCode.Should().Be(0, $"{script}\n{result.Error}");
        return result.Output;
    }
}
