using System.Runtime.Versioning;
using System.Security.Cryptography;
using FluentAssertions;
using Manifests.Chart;
using TestKit;
using Xunit;

namespace Manifests.Install;

/// <summary>hack/krew.sh over a publication that only looks like one: scripts that say their version.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class KrewTests : IDisposable
{
    private const string Url = "https://downloads.example.com/breakglass/v1";

    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-krew-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_manifest_names_version_address_and_sum_of_an_archive_for_each_platform()
    {
        var version = YamlText.Parse(await File.ReadAllTextAsync(Path.Combine(Tool.Chart, "Chart.yaml")))[0]["version"]!.GetValue<string>();
        Publish("linux-x64", $"echo {version}+0123abc");
        Publish("osx-arm64", "exit 126");
        (await RunAsync(Url)).ExitCode.Should().Be(0);

        var manifest = YamlText.Parse(await File.ReadAllTextAsync(Path.Combine(_directory, "out", "breakglass.yaml"))).Single();
        (manifest["kind"]!.GetValue<string>(), manifest["metadata"]!["name"]!.GetValue<string>(), manifest["spec"]!["version"]!.GetValue<string>())
            .Should().Be(("Plugin", "breakglass", $"v{version}"));
        var platforms = manifest["spec"]!["platforms"]!.AsArray().Select(p => p!).ToList();
        platforms.Select(p => (p["selector"]!["matchLabels"]!["os"]!.GetValue<string>(), p["selector"]!["matchLabels"]!["arch"]!.GetValue<string>(),
            p["uri"]!.GetValue<string>())).Should().Equal(
                ("linux", "amd64", $"{Url}/kubectl-breakglass-linux-x64.tar.gz"), ("darwin", "arm64", $"{Url}/kubectl-breakglass-osx-arm64.tar.gz"));
        foreach (var platform in platforms)
        {
            var archive = Path.Combine(_directory, "out", platform["uri"]!.GetValue<string>().Split('/')[^1]);
            platform["sha256"]!.GetValue<string>().Should().Be(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(archive))));
            (await Tool.RunAsync("tar", ["-tzf", archive])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should()
                .Equal(platform["files"]!.AsArray().Select(file => file!["from"]!.GetValue<string>()).Order(StringComparer.Ordinal)).And
                .Contain(platform["bin"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task The_same_files_give_the_same_archives_and_the_check_notices_others()
    {
        Publish("linux-x64", "exit 126");
        (await RunAsync(Url)).ExitCode.Should().Be(0);
        (await RunAsync("--check", Url)).ExitCode.Should().Be(0);

        Publish("linux-x64", "exit 127");
        var check = await RunAsync("--check", Url);
        check.ExitCode.Should().Be(1);
        check.Error.Should().Contain("is not what");
    }

    [Fact]
    public async Task What_cannot_be_released_is_refused_with_what_to_do()
    {
        (await RunAsync(Url)).Error.Should().Contain("run hack/publish.sh plugin first");
        (await RunAsync()).Error.Should().Contain("the address that the archives will be downloaded from is missing");
        Publish("linux-x64", "echo 0.0.1");
        (await RunAsync(Url)).Error.Should().Contain("holds version 0.0.1").And.Contain("run hack/publish.sh plugin again");
        Publish("plan9-mips", "exit 126");
        (await RunAsync(Url)).ExitCode.Should().Be(1);
        Directory.Exists(Path.Combine(_directory, "out")).Should().BeFalse();
    }

    private void Publish(string platform, string script)
    {
        var program = Path.Combine(Directory.CreateDirectory(Path.Combine(_directory, $"kubectl-breakglass-{platform}")).FullName, "kubectl-breakglass");
        Executable.Write(program, $"#!/bin/sh\n{script}\n");
    }

    private Task<ToolResult> RunAsync(params string[] arguments) =>
        Tool.RunAsync("env",
            [$"PUBLISHED={_directory}", $"OUTPUT={Path.Combine(_directory, "out")}", "SOURCE_DATE_EPOCH=1795000000", Tool.Hack("krew.sh"), .. arguments]);
}
