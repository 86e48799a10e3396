using System.Text.RegularExpressions;
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
        ["src/BreakGlass.Gateway"] = Libraries,
        ["src/BreakGlass.Operator"] = [.. Libraries, "BreakGlass.Gateway"],
        ["src/BreakGlass.Cli"] = ["BreakGlass.Core", "Kube.Client"],
        ["src/BreakGlass.CrdGen"] = ["BreakGlass.Core", "Kube.Runtime"],
        ["tests/TestKit"] = Libraries,
        ["tests/TestKit.Tests"] = [.. Libraries, "TestKit"],
        ["tests/Manifests"] = ["TestKit"],
        ["tests/Simulation"] = [.. Libraries, "BreakGlass.Operator", "TestKit"],
        ["tests/Integration"] = [.. Libraries, "BreakGlass.Operator", "BreakGlass.Cli", "TestKit"],
        ["tests/Benchmarks"] = [.. Libraries, "BreakGlass.Operator", "TestKit"],
        ["tests/Soak"] = ["BreakGlass.Operator", "TestKit"],
        ["tests/DemoKubelet"] = ["TestKit"],
    };

    /// <summary>
    /// What decisions may use: time zones with the IANA database inside, cron expressions, the models of the API, and Ed25519 for the journal.
    /// BannedSymbols.Core.txt bans the client itself.
    /// </summary>
    private static readonly Dictionary<string, string[]> AllowedPackages = new(StringComparer.Ordinal)
    {
        ["src/BreakGlass.Core"] = ["NodaTime", "Cronos", "KubernetesClient.Aot", "BouncyCastle.Cryptography"],
    };

    /// <summary>The folders of Core from below: each may use those before it. GoDuration and the like, beside the folders, use none.</summary>
    private static readonly string[] Layers =
    [
        "", "Schema", "Api", "Credentials", "Vouchers", "Sealing", "Model", "Rules", "Guard", "Journal", "Leftovers", "Sessions", "Messages", "Lifecycle",
        "Drills",
    ];

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
    public void Decisions_need_no_package_but_those_for_time_zones_models_and_signatures()
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

    [Fact]
    public void A_folder_of_Core_uses_only_the_folders_below_it()
    {
        var core = Path.Combine(Golden.RepositoryRoot, "src", "BreakGlass.Core");
        var used = new Regex(
            $@"(?:BreakGlass\.Core\.|(?<![\w.]))({string.Join('|', Layers.Skip(1))})(?:;|\.[A-Z])", RegexOptions.None, TimeSpan.FromSeconds(5));
        var upwards = new List<string>();
        foreach (var file in Directory.EnumerateFiles(core, "*.cs", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(core, f).Replace('\\', '/')))
        {
            var layer = Array.IndexOf(Layers, file.Contains('/') ? file[..file.IndexOf('/')] : "");
            layer.Should().BeGreaterThanOrEqualTo(0, $"{file} lies in a folder that has no place among the layers");
            var code = File.ReadLines(Path.Combine(core, file))
                .Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && !line.StartsWith("namespace ", StringComparison.Ordinal));
            upwards.AddRange(code.SelectMany(line => used.Matches(line)).Where(m => Array.IndexOf(Layers, m.Groups[1].Value) > layer)
                .Select(m => $"{file} uses {m.Groups[1].Value}"));
        }

        upwards.Distinct().Should().BeEmpty();
    }

    /// <summary>A folder that the project imports for all its files is in no using line, so the folders below it are searched for its types.</summary>
    [Fact]
    public void A_folder_of_Core_names_no_type_of_a_folder_above_it_that_is_imported_for_the_whole_project()
    {
        var core = Path.Combine(Golden.RepositoryRoot, "src", "BreakGlass.Core");
        string[] Files(string layer) =>
            Directory.GetFiles(Path.Combine(core, layer), "*.cs", layer.Length == 0 ? SearchOption.TopDirectoryOnly : SearchOption.AllDirectories);
        var imported = Of("src/BreakGlass.Core/BreakGlass.Core.csproj", "Using")
            .Select(name => Array.FindIndex(Layers, layer => name == $"BreakGlass.Core.{layer}")).Where(layer => layer > 0).ToList();
        imported.Should().NotBeEmpty();

        var declared = new Regex(
            @"^(?:public|internal) .*\b(?:class|record|struct|enum|interface) (?<type>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture,
            TimeSpan.FromSeconds(5));
        foreach (var above in imported)
        {
            var types = Files(Layers[above]).SelectMany(file => declared.Matches(File.ReadAllText(file))).Select(m => m.Groups["type"].Value).ToHashSet();
            types.Should().NotBeEmpty();
            foreach (var file in Layers[..above].SelectMany(Files))
            {
                var words = File.ReadLines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal))
                    .SelectMany(line => Regex.Matches(line, @"\w+", RegexOptions.None, TimeSpan.FromSeconds(5))).Select(word => word.Value);
                words.Where(types.Contains).Distinct().Should().BeEmpty($"{Path.GetFileName(file)} lies below {Layers[above]}");
            }
        }
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
