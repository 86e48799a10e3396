using System.Xml.Linq;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Manifests;

/// <summary>Which project may reference which: the table of the architecture, in one place that fails.</summary>
public sealed class ReferenceRulesTests
{
    private static readonly string[] Libraries = ["Kube.Client", "Kube.Runtime", "BreakGlass.Core"];

    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["src/Kube.Client"] = [],
        ["src/Kube.Runtime"] = ["Kube.Client"],
        ["src/BreakGlass.Core"] = ["Kube.Client"],
        ["src/BreakGlass.Operator"] = Libraries,
        ["src/BreakGlass.Cli"] = ["BreakGlass.Core", "Kube.Client"],
        ["src/BreakGlass.CrdGen"] = ["BreakGlass.Core", "Kube.Runtime"],
        ["tests/TestKit"] = Libraries,
        ["tests/TestKit.Tests"] = [.. Libraries, "TestKit"],
        ["tests/Manifests"] = ["TestKit"],
        ["tests/Simulation"] = [.. Libraries, "BreakGlass.Operator", "TestKit"],
        ["tests/Integration"] = [.. Libraries, "BreakGlass.Operator", "BreakGlass.Cli", "TestKit"],
        ["tests/Benchmarks"] = [.. Libraries, "BreakGlass.Operator", "TestKit"],
        ["tests/Soak"] = ["BreakGlass.Operator", "TestKit"],
    };

    /// <summary>What decisions may use: time zones with the IANA database inside, and the models of the API. BannedSymbols.Core.txt bans the client itself.</summary>
    private static readonly Dictionary<string, string[]> AllowedPackages = new(StringComparer.Ordinal)
    {
        ["src/BreakGlass.Core"] = ["NodaTime", "KubernetesClient.Aot"],
    };

    private static IEnumerable<string> ProjectPaths =>
        new[] { "src", "tests" }
            .SelectMany(top => Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, top), "*.csproj", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Golden.RepositoryRoot, file).Replace('\\', '/'));

    public static TheoryData<string> Projects => new(ProjectPaths);

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_the_architecture_allows(string project)
    {
        var path = Path.GetDirectoryName(project)!.Replace('\\', '/');
        Of(project, "ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Replace('\\', '/')))
            .Except(AllowedFor(path)).Should().BeEmpty($"{path} may reference only: {string.Join(", ", AllowedFor(path))}");
    }

    [Fact]
    public void Decisions_need_no_package_but_those_for_time_zones_and_models()
    {
        foreach (var (path, packages) in AllowedPackages)
        {
            ProjectPaths.Where(project => Path.GetDirectoryName(project)!.Replace('\\', '/') == path)
                .SelectMany(project => Of(project, "PackageReference")).Should().BeEquivalentTo(packages, path);
        }
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "BreakGlassOperator.sln")).Replace('\\', '/');
        ProjectPaths.Should().OnlyContain(project => solution.Contains(project));
    }

    private static string[] AllowedFor(string path)
    {
        if (Allowed.TryGetValue(path, out var allowed)) return allowed;
        var tested = Path.GetFileName(path);
        return path.StartsWith("tests/", StringComparison.Ordinal) && tested.EndsWith(".Tests", StringComparison.Ordinal)
            ? [tested[..^".Tests".Length], "TestKit"]
            : throw new InvalidOperationException($"{path} is a project that the architecture does not know: add it to its table and to this test.");
    }

    private static IEnumerable<string> Of(string project, string element) =>
        XDocument.Load(Path.Combine(Golden.RepositoryRoot, project)).Descendants(element).Select(e => e.Attribute("Include")!.Value);
}
