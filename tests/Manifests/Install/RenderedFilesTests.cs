using FluentAssertions;
using Manifests.Chart;
using TestKit;
using Xunit;

namespace Manifests.Install;

/// <summary>What is made from config/ is what config/ gives.</summary>
public sealed class RenderedFilesTests
{
    [Fact]
    public async Task The_charts_copies_and_the_one_file_are_made_from_config_as_it_is()
    {
        var check = await Tool.RunAsync(Tool.Hack("render.sh"), ["--check"], seconds: 300);
        check.ExitCode.Should().Be(0, check.Error);
    }

    [Fact]
    public async Task The_one_file_holds_the_objects_of_the_default_kustomization()
    {
        var file = YamlText.Parse(await File.ReadAllTextAsync(Path.Combine(Golden.RepositoryRoot, "deploy", "install.yaml")));
        file.Select(o => o.Key()).Should().BeEquivalentTo((await Tool.KustomizeAsync(["default"], [])).Select(o => o.Key()));
    }

    [Fact]
    public async Task Chart_and_build_have_one_version()
    {
        var props = await File.ReadAllTextAsync(Path.Combine(Golden.RepositoryRoot, "Directory.Build.props"));
        var chart = YamlText.Parse(await File.ReadAllTextAsync(Path.Combine(Tool.Chart, "Chart.yaml")))[0];
        var version = chart["version"]!.GetValue<string>();
        props.Should().Contain($"<Version>{version}</Version>");
        chart["appVersion"]!.GetValue<string>().Should().Be(version);
    }
}
