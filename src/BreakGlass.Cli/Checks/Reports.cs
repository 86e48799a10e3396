using System.Xml;

namespace BreakGlass.Cli.Checks;

/// <summary>What checks found, in the forms that people, code hosts and pipelines read.</summary>
internal static class Reports
{
    public const string Sarif = "sarif";
    public const string JUnit = "junit";

    /// <summary>Writes them, by default as text.</summary>
    public static Task WriteAsync(CliHost host, string? format, string name, IReadOnlyList<CheckedItem> all) => format switch
    {
        OutputFormat.Json => host.Out.WriteLineAsync(OutputFormat.ToJson(ToJson(all))),
        Sarif => host.Out.WriteLineAsync(OutputFormat.ToJson(ToSarif(all))),
        JUnit => host.Out.WriteLineAsync(ToJUnit(name, all)),
        _ => TextAsync(host, all),
    };

    private static async Task TextAsync(CliHost host, IReadOnlyList<CheckedItem> all)
    {
        foreach (var finding in all.SelectMany(c => c.Findings)) await host.Out.WriteLineAsync(finding.ToString());
    }

    private static JsonObject ToJson(IReadOnlyList<CheckedItem> all) => new()
    {
        ["checked"] = all.Count,
        ["failed"] = all.Count(c => c.Failed),
        ["results"] = new JsonArray([.. all.Select(c => new JsonObject
        {
            ["file"] = c.Suite,
            ["name"] = c.Name,
            ["failed"] = c.Failed,
            ["findings"] = new JsonArray([.. c.Findings.Select(f => new JsonObject
            {
                ["rule"] = f.Rule, ["level"] = Word(f.Level), ["line"] = f.Location.Line, ["column"] = f.Location.Column, ["message"] = f.Message,
            })]),
        })]),
    };

    /// <summary>SARIF 2.1.0 (OASIS), with what GitHub and others read of it.</summary>
    private static JsonObject ToSarif(IReadOnlyList<CheckedItem> all)
    {
        var findings = all.SelectMany(c => c.Findings).ToList();
        var rules = findings.Select(f => f.Rule).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return new()
        {
            ["$schema"] = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            ["version"] = "2.1.0",
            ["runs"] = new JsonArray(new JsonObject
            {
                ["tool"] = new JsonObject
                {
                    ["driver"] = new JsonObject
                    {
                        ["name"] = "kubectl-breakglass",
                        ["version"] = ThisVersion.Text.Split('+')[0],
                        ["rules"] = new JsonArray([.. rules.Select(r => new JsonObject { ["id"] = r })]),
                    },
                },
                ["columnKind"] = "utf16CodeUnits",
                ["results"] = new JsonArray([.. findings.Select(f => new JsonObject
                {
                    ["ruleId"] = f.Rule,
                    ["ruleIndex"] = rules.IndexOf(f.Rule),
                    ["level"] = Word(f.Level),
                    ["message"] = new JsonObject { ["text"] = f.Message },
                    ["locations"] = new JsonArray(new JsonObject
                    {
                        ["physicalLocation"] = new JsonObject
                        {
                            ["artifactLocation"] = new JsonObject { ["uri"] = Uri(f.File) },
                            ["region"] = new JsonObject { ["startLine"] = f.Location.Line, ["startColumn"] = f.Location.Column },
                        },
                    }),
                })]),
            }),
        };
    }

    /// <summary>JUnit's XML as Jenkins, GitLab and others read it.</summary>
    private static string ToJUnit(string name, IReadOnlyList<CheckedItem> all)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new() { Indent = true, NewLineChars = "\n", OmitXmlDeclaration = true }))
        {
            xml.WriteStartElement("testsuites");
            Counts(xml, $"kubectl breakglass {name}", all);
            foreach (var suite in all.GroupBy(c => c.Suite))
            {
                xml.WriteStartElement("testsuite");
                Counts(xml, suite.Key, [.. suite]);
                foreach (var test in suite) Case(xml, test);
                xml.WriteEndElement();
            }

            xml.WriteEndElement();
        }

        return $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}";
    }

    private static void Case(XmlWriter xml, CheckedItem test)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", Clean(test.Suite));
        xml.WriteAttributeString("name", Clean(test.Name));
        var errors = test.Findings.Where(f => f.Level is FindingLevel.Error).ToList();
        if (errors.Count > 0)
        {
            xml.WriteStartElement("failure");
            xml.WriteAttributeString("type", errors[0].Rule);
            xml.WriteAttributeString("message", Clean(errors[0].Message));
            xml.WriteString(Clean(string.Join('\n', errors)));
            xml.WriteEndElement();
        }

        var warnings = test.Findings.Where(f => f.Level is FindingLevel.Warning).ToList();
        if (warnings.Count > 0) xml.WriteElementString("system-out", Clean(string.Join('\n', warnings)));
        xml.WriteEndElement();
    }

    private static void Counts(XmlWriter xml, string name, IReadOnlyList<CheckedItem> all)
    {
        xml.WriteAttributeString("name", Clean(name));
        xml.WriteAttributeString("tests", all.Count.ToString(CultureInfo.InvariantCulture));
        xml.WriteAttributeString("failures", all.Count(c => c.Failed).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>XML 1.0 cannot hold most control characters, not even escaped.</summary>
    private static string Clean(string text) => new([.. text.Select(c => XmlConvert.IsXmlChar(c) ? c : '?')]);

    private static string Word(FindingLevel level) => level is FindingLevel.Error ? "error" : "warning";

    private static string Uri(string file) => string.Join('/', file.Split('/').Select(System.Uri.EscapeDataString));
}
