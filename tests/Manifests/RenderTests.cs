using FluentAssertions;
using Xunit;

namespace Manifests;

public sealed class RenderTests
{
    [KubectlTheory]
    [InlineData("crd", 8)]
    [InlineData("crd-1.20", 8)]
    [InlineData("crd-1.31", 8)]
    [InlineData("rbac", 41)]
    [InlineData("guard", 16)]
    [InlineData("guard-1.28", 1)]
    [InlineData("guard-legacy", 1)]
    [InlineData("stamp", 1)]
    [InlineData("flowcontrol", 5)]
    [InlineData("manager", 7)]
    [InlineData("prometheus", 2)]
    [InlineData("samples", 3)]
    [InlineData("webhook", 3)]
    [InlineData("default", 64)]
    public async Task A_kustomization_renders(string directory, int objects) =>
        YamlText.Parse(await Kubectl.RenderAsync(Path.Combine(ConfigDirectory.Root, directory))).Should().HaveCount(objects);

    [KubectlTheory]
    [InlineData("crd-1.20", false, false)]
    [InlineData("crd", true, false)]
    [InlineData("crd-1.31", true, true)]
    public async Task A_server_is_shown_only_fields_that_it_knows(string directory, bool rules, bool selectableFields)
    {
        var rendered = await Kubectl.RenderAsync(Path.Combine(ConfigDirectory.Root, directory));
        rendered.Contains("x-kubernetes-validations").Should().Be(rules);
        rendered.Contains("selectableFields").Should().Be(selectableFields);
    }

    [KubectlTheory]
    [InlineData("components/without-cel", "components/cronjob-v1beta1", "batch/v1beta1")]
    [InlineData("components/selectable-fields", null, "batch/v1")]
    [InlineData("components/without-escalate", null, "batch/v1")]
    [InlineData("components/audit", "components/journal", "batch/v1")]
    [InlineData("components/gateway", "components/cronjob-v1beta1", "batch/v1beta1")]
    public async Task Components_fit_an_overlay_of_everything(string first, string? second, string cronJob)
    {
        var overlay = Directory.CreateTempSubdirectory("breakglass-overlay-");
        try
        {
            // kustomize knows relative paths only.
            string Relative(string path) => Path.GetRelativePath(overlay.FullName, Path.Combine(ConfigDirectory.Root, path));
            var components = new[] { first, second }.OfType<string>().Select(c => $"- {Relative(c)}\n");
            await File.WriteAllTextAsync(
                Path.Combine(overlay.FullName, "kustomization.yaml"), $"resources:\n- {Relative("default")}\ncomponents:\n{string.Concat(components)}");
            YamlText.Parse(await Kubectl.RenderAsync(overlay.FullName))
                .Single(o => o["kind"]!.GetValue<string>() == "CronJob")["apiVersion"]!.GetValue<string>().Should().Be(cronJob);
        }
        finally
        {
            overlay.Delete(recursive: true);
        }
    }
}
