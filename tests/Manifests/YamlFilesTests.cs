using FluentAssertions;
using TestKit;
using Xunit;

namespace Manifests;

public sealed class YamlFilesTests
{
    private const string Label = "app.kubernetes.io/name";

    public static TheoryData<string> Files => new(ConfigDirectory.Files);

    public static TheoryData<string> Kustomizations => new(ConfigDirectory.Files.Where(file => Path.GetFileName(file) == "kustomization.yaml"));

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_document_says_what_it_is(string file)
    {
        foreach (var document in ConfigDirectory.Read(file))
        {
            document["apiVersion"]!.GetValue<string>().Should().NotBeEmpty();
            document["kind"]!.GetValue<string>().Should().NotBeEmpty();
        }
    }

    [Theory]
    [MemberData(nameof(Kustomizations))]
    public void A_kustomization_names_what_is_there(string file)
    {
        var directory = Path.GetDirectoryName(Path.Combine(ConfigDirectory.Root, file))!;
        foreach (var document in ConfigDirectory.Read(file))
        {
            foreach (var path in document["resources"].Strings().Concat(document["components"].Strings()))
            {
                Path.Exists(Path.Combine(directory, path)).Should().BeTrue($"{file} names {path}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kustomizations))]
    public void Every_file_beside_a_kustomization_is_in_it(string file)
    {
        var directory = Path.GetDirectoryName(Path.Combine(ConfigDirectory.Root, file))!;
        var beside = Directory.EnumerateFiles(directory, "*.yaml").Select(Path.GetFileName).Where(name => name != "kustomization.yaml");
        // The others are what a person applies in an incident, not what is installed.
        beside.Where(name => file != "samples/kustomization.yaml" || name!.StartsWith("policy", StringComparison.Ordinal))
            .Except(ConfigDirectory.Read(file)[0]["resources"].Strings()).Should().BeEmpty();
    }

    [Fact]
    public void Everything_that_is_installed_carries_the_name_label()
    {
        foreach (var installed in ConfigDirectory.Objects.Where(o => !o.File.StartsWith("samples", StringComparison.Ordinal)))
        {
            installed.Node["metadata"]!["labels"]?[Label]?.GetValue<string>().Should().Be("breakglass-operator", installed.ToString());
        }
    }

    [Fact]
    public void No_object_is_there_twice() =>
        ConfigDirectory.Objects.Select(o => $"{o.Kind} {o.Namespace}/{o.Name}").Should().OnlyHaveUniqueItems();

    [Theory]
    [InlineData("manager")]
    [InlineData("components/gateway")]
    public void The_image_has_the_version_of_the_build(string directory)
    {
        var props = File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "Directory.Build.props"));
        var tag = ConfigDirectory.Read($"{directory}/kustomization.yaml")[0]["images"]![0]!["newTag"]!.GetValue<string>();
        props.Should().Contain($"<Version>{tag}</Version>");
    }
}
