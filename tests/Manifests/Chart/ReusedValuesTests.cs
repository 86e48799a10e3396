using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace Manifests.Chart;

/// <summary>
/// <c>helm upgrade --reuse-values</c> renders a new chart with the values of the release that is there, without the sections that the chart has gained since.
/// </summary>
public sealed class ReusedValuesTests
{
    /// <summary>What the values of version 0.1.0 do not have. What is added to values.yaml is added here.</summary>
    private static readonly string[] s_newer =
    [
        "runAsUser", "priorityClass", "flowControl", "leftovers", "protectedNamespaces", "operator.httpPort", "webhook.port", "grantsNamespace.escalate",
        "journal", "audit", "networkPolicy.journalFrom", "gateway", "networkPolicy.gatewayFrom",
    ];

    [Theory]
    [InlineData("1.20", "replicas=2")]
    [InlineData("1.29", "replicas=2")]
    [InlineData("1.35", "replicas=2")]
    [InlineData("1.35", "gateway.enabled=true,gateway.publicUrl=https://gateway.example.com")]
    public async Task Values_of_an_earlier_release_render_what_the_defaults_would(string kubeVersion, string given)
    {
        var directory = Directory.CreateTempSubdirectory("breakglass-reused-");
        try
        {
            foreach (var file in Directory.EnumerateFiles(Tool.Chart, "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(directory.FullName, Path.GetRelativePath(Tool.Chart, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }

            var values = YamlText.Parse(await File.ReadAllTextAsync(Path.Combine(Tool.Chart, "values.yaml")))[0].AsObject();
            foreach (var path in s_newer.Select(p => p.Split('.')))
            {
                var section = path[..^1].Aggregate(values, (at, name) => at[name]!.AsObject());
                section.Remove(path[^1]).Should().BeTrue($"{string.Join('.', path)} is a value of the chart");
            }

            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "values.yaml"), values.ToJsonString());
            var result = await Tool.HelmAsync(
                "template", "breakglass", directory.FullName, "-n", "breakglass-system", "--kube-version", kubeVersion, "--set", given);
            result.ExitCode.Should().Be(0, result.Error);

            // null is a value of runAsUser, and Helm does not tell it from none: the image's own user is the same.
            var expected = (await Tool.TemplateAsync(kubeVersion, "--set", $"runAsUser=null,{given}")).ToDictionary(o => o.Key());
            var reused = YamlText.Parse(result.Output).ToDictionary(o => o.Key());
            reused.Keys.Should().BeEquivalentTo(expected.Keys);
            foreach (var (key, o) in expected) JsonNode.DeepEquals(reused[key], o).Should().BeTrue($"{key} is to be the same as with the chart's own values");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
