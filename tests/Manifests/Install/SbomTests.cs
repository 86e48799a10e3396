using FluentAssertions;
using Manifests.Chart;
using TestKit;
using Xunit;

namespace Manifests.Install;

/// <summary>The bill of materials is whole, or there is none.</summary>
public sealed class SbomTests
{
    [Fact]
    public async Task Without_its_lock_files_a_bill_was_made_that_held_the_runtime_alone()
    {
        var root = Directory.CreateTempSubdirectory("breakglass-sbom-");
        try
        {
            foreach (var file in (string[])["hack/lib.sh", "hack/sbom.sh", "Directory.Build.props", "Directory.Packages.props"]) await CopyAsync(file);
            foreach (var project in (string[])["Operator", "Cli"])
            {
                await WriteAsync($"artifacts/obj/BreakGlass.{project}/project.assets.json",
                    """{"downloadDependencies":[{"name":"Microsoft.NETCore.App.Runtime.linux-x64","version":"[10.0.1, 10.0.1]"}]}""");
            }

            const string Package = "packages/microsoft.netcore.app.runtime.linux-x64/10.0.1/microsoft.netcore.app.runtime.linux-x64";
            await WriteAsync($"{Package}.nuspec", """<license type="expression">MIT</license>""");
            await WriteAsync($"{Package}.10.0.1.nupkg.sha512", "YWJj");

            var made = await Tool.RunAsync(
                "env", [$"NUGET_PACKAGES={Path.Combine(root.FullName, "packages")}", "bash", Path.Combine(root.FullName, "hack", "sbom.sh")]);
            made.ExitCode.Should().Be(1, made.Output);
            made.Error.Should().Contain("which packages went in is not known");
            made.Output.Should().BeEmpty();
        }
        finally
        {
            root.Delete(recursive: true);
        }

        async Task CopyAsync(string file) => await WriteAsync(file, await File.ReadAllTextAsync(Path.Combine(Golden.RepositoryRoot, file)));

        async Task WriteAsync(string file, string content)
        {
            var path = Path.Combine(root.FullName, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, content);
        }
    }
}
