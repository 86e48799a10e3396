using System.Xml.Linq;

namespace BreakGlass.CrdGen;

/// <summary>The summaries of the C# types, from the XML documentation that the compiler writes beside each assembly.</summary>
internal sealed class XmlDocs
{
    private readonly Dictionary<string, XElement> _members;

    /// <summary>Documentation from the <c>member</c> elements of XML documentation files.</summary>
    public XmlDocs(IEnumerable<XElement> members) =>
        _members = members.ToDictionary(m => m.Attribute("name")!.Value, m => m, StringComparer.Ordinal);

    /// <summary>Reads the documentation of the assemblies that the types live in.</summary>
    /// <exception cref="FileNotFoundException">An assembly has no documentation beside it.</exception>
    public static XmlDocs For(IEnumerable<Assembly> assemblies) => new(assemblies.Distinct().SelectMany(Load));

    /// <summary>The summary of a type as plain text; null where there is none.</summary>
    public string? Of(Type type) => Summary("T:" + Name(type));

    /// <summary>The summary of a property; null where there is none or it is inherited.</summary>
    public string? Of(PropertyInfo property) => Summary($"P:{Name(property.DeclaringType!)}.{property.Name}");

    /// <summary>The summary of a value of an enum.</summary>
    public string? OfEnumValue(Type type, string value) => Summary($"F:{Name(type)}.{value}");

    private static string Name(Type type) => type.FullName!.Replace('+', '.');

    private static IEnumerable<XElement> Load(Assembly assembly)
    {
        var file = Path.ChangeExtension(assembly.Location, ".xml");
        return File.Exists(file)
            ? XDocument.Load(file).Descendants("member")
            : throw new FileNotFoundException($"{Path.GetFileName(file)} is missing beside the assembly: set GenerateDocumentationFile in its project.", file);
    }

    private string? Summary(string member)
    {
        if (!_members.TryGetValue(member, out var element) || element.Element("summary") is not { } summary) return null;
        var text = string.Join(' ', Text(summary).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return text.Length == 0 ? null : text;
    }

    private static string Text(XElement element)
    {
        var text = new StringBuilder();
        foreach (var node in element.Nodes())
        {
            text.Append(node switch
            {
                XText plain => plain.Value,
                XElement { Name.LocalName: "see" } see => Reference(see),
                XElement { Name.LocalName: "para" } paragraph => " " + Text(paragraph) + " ",
                XElement inner => Text(inner),
                _ => "",
            });
        }

        return text.ToString();
    }

    // A reader of the API knows fields by their JSON names and nothing of C#.
    private static string Reference(XElement see)
    {
        if (see.Attribute("langword") is { } word) return word.Value;
        if (see.Attribute("cref") is not { } cref) return Text(see);
        var name = cref.Value[(cref.Value.LastIndexOf('.') + 1)..];
        return cref.Value.StartsWith("P:", StringComparison.Ordinal) ? JsonNamingPolicy.CamelCase.ConvertName(name) : name;
    }
}
