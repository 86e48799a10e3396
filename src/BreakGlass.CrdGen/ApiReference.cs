using BreakGlass.Core;

namespace BreakGlass.CrdGen;

/// <summary>The reference of the API in Markdown: every field of every kind, with what the schema says of it.</summary>
internal sealed class ApiReference
{
    private readonly XmlDocs _docs;
    private readonly SchemaBuilder _schemas;
    private readonly StringBuilder _text = new();
    private readonly HashSet<Type> _shared;
    private readonly HashSet<Type> _written = [];

    private ApiReference(IReadOnlyList<CustomKind> kinds)
    {
        _docs = CrdFiles.DocsOf(kinds);
        _schemas = new SchemaBuilder(_docs);
        _shared = [.. kinds.SelectMany(kind => Reachable(kind.Type)).GroupBy(type => type).Where(group => group.Count() > 1).Select(group => group.Key)];
    }

    public static string For(IReadOnlyList<CustomKind> kinds)
    {
        var reference = new ApiReference(kinds);
        reference.Document(kinds);
        return reference._text.ToString();
    }

    /// <summary>The types that a type's fields lead to, itself first, each once, parents before children.</summary>
    private static List<Type> Reachable(Type root)
    {
        var found = new List<Type> { root };
        for (var i = 0; i < found.Count; i++)
        {
            if (found[i].IsEnum) continue;
            foreach (var named in Field.Of(found[i]).Select(field => Named(field.Property.PropertyType)).OfType<Type>())
            {
                if (named != typeof(V1ObjectMeta) && !found.Contains(named)) found.Add(named);
            }
        }

        return found;
    }

    /// <summary>The record or enum inside a type; null where it has none.</summary>
    private static Type? Named(Type type) => Shape.Of(type) switch
    {
        Shape.Object o => o.Type,
        Shape.Names names => names.Enum,
        Shape.List list => Named(list.Item),
        Shape.Map map => Named(map.Value),
        _ => null,
    };

    private void Document(IReadOnlyList<CustomKind> kinds)
    {
        var first = kinds[0].Resource;
        Line("<!-- Generated from the C# types in src/BreakGlass.Core/Api by 'make generate'. Do not edit. -->");
        Line("# API reference");
        Line();
        Line($"Group `{first.Group}`, version `{first.Version}`. Durations are Go-style strings (`30m`, `1h30m`), times RFC 3339.");
        Line("A field without a default and not marked *required* may be left out. Rules are checked by the API server from Kubernetes 1.25 on, "
            + "and by the operator on every version.");
        foreach (var kind in kinds) Kind(kind);
        Line();
        Line("## Shared types");
        foreach (var type in kinds.SelectMany(kind => Reachable(kind.Type)).Distinct().Where(_shared.Contains)) Section(type);
    }

    private void Kind(CustomKind kind)
    {
        var registration = kind.Registration;
        Line();
        Line($"## {kind.Resource.Kind}");
        Line();
        Line(_docs.Of(kind.Type) ?? "");
        Line();
        Line(
            $"`kubectl get {kind.Resource.Plural}`, short {string.Join(", ", kind.ShortNames.Select(n => $"`{n}`"))}; "
                + $"{(kind.Resource.Namespaced ? "in a namespace" : "cluster-scoped")}.");
        if (registration.SelectableFields.Length > 0)
        {
            Line($"Field selectors (Kubernetes 1.31 and later): {string.Join(", ", registration.SelectableFields.Select(f => $"`{f.TrimStart('.')}`"))}.");
        }

        Line();
        Line("| column | shows |");
        Line("|---|---|");
        foreach (var column in kind.Columns)
        {
            Line($"| {column.Name.ToUpperInvariant()}{(column.Priority > 0 ? " (wide)" : "")} | {Cell(column.Description ?? $"`{column.JsonPath}`")} |");
        }

        Rules(kind.Type);
        foreach (var type in Reachable(kind.Type).Skip(1).Where(type => !_shared.Contains(type))) Section(type);
    }

    private void Section(Type type)
    {
        if (!_written.Add(type)) return;
        Line();
        Line($"### {type.Name}");
        Line();
        Line(_docs.Of(type) ?? "");
        Line();
        if (type.IsEnum) Values(type);
        else Fields(type);
    }

    private void Values(Type type)
    {
        Line("| value | meaning |");
        Line("|---|---|");
        foreach (var value in Enum.GetNames(type)) Line($"| `{value}` | {Cell(_docs.OfEnumValue(type, value) ?? "")} |");
    }

    private void Fields(Type type)
    {
        Line("| field | type | default | limits | meaning |");
        Line("|---|---|---|---|---|");
        foreach (var field in Field.Of(type))
        {
            var schema = _schemas.Of(field);
            var @default = schema["default"] is { } value ? Code(value.ToJsonString(YamlWriter.Readable)) : field.IsRequired ? "*required*" : "";
            Line(
                $"| `{field.JsonName}` | {(IsDuration(field) ? "duration" : TypeName(field.Property.PropertyType))} | {@default} | {Limits(schema, field)} | "
                    + $"{Cell(_docs.Of(field.Property) ?? "")} |");
        }

        Rules(type);
    }

    private void Rules(Type type)
    {
        var own = type.GetCustomAttributes<ValidationRuleAttribute>().Select(rule => ("", rule));
        var ofFields = Field.Of(type).SelectMany(
            field => field.Property.GetCustomAttributes<ValidationRuleAttribute>().Select(rule => ($"`{field.JsonName}`: ", rule)));
        var rules = own.Concat(ofFields).ToList();
        if (rules.Count == 0) return;
        Line();
        Line("Rules:");
        Line();
        foreach (var (subject, rule) in rules) Line($"- {subject}{rule.Message} (`{rule.Rule}`)");
    }

    private static bool IsDuration(Field field) => field.Get<PatternAttribute>()?.RegexPattern == GoDuration.Pattern;

    private static string TypeName(Type type) => Shape.Of(type) switch
    {
        Shape.Scalar { Format: "date-time" } => "time",
        Shape.Scalar scalar => scalar.Name,
        Shape.List list => $"list of {TypeName(list.Item)}",
        Shape.Map map => $"map of {TypeName(map.Value)}",
        _ => Named(type) is { } named ? $"[{named.Name}](#{named.Name.ToLowerInvariant()})" : "",
    };

    private static string Limits(JsonObject schema, Field field)
    {
        var limits = new List<string>();
        var values = schema["items"] ?? schema;
        if (values["enum"] is JsonArray allowed && field.Has<EnumAttribute>())
            limits.Add("one of " + string.Join(", ", allowed.Select(v => Code(v?.ToString() ?? "null"))));
        if (values["pattern"] is { } pattern && !IsDuration(field)) limits.Add("matches " + Code(pattern.ToString()));
        Range(limits, schema, "Length", "characters");
        Range(limits, schema, "Items", "items");
        Range(limits, schema, "Properties", "entries");
        if (schema["items"]?["maxLength"] is { } each && Named(field.Property.PropertyType) is null) limits.Add($"at most {each} characters each");
        Range(limits, schema, "imum", "");
        if (schema["x-kubernetes-list-type"]?.ToString() == "set") limits.Add("no item twice");
        if (schema["x-kubernetes-list-map-keys"] is JsonArray keys) limits.Add("unique " + string.Join(", ", keys.Select(k => Code(k!.ToString()))));
        if (schema["nullable"] is not null) limits.Add("null means left out");
        return string.Join("; ", limits);
    }

    private static void Range(List<string> limits, JsonObject schema, string suffix, string unit)
    {
        var (least, most) = (schema["min" + suffix]?.ToString(), schema["max" + suffix]?.ToString());
        if (least is null && most is null) return;
        var range = (least, most) switch
        {
            (null, _) => $"at most {most}",
            (_, null) => $"at least {least}",
            _ => $"{least} to {most}",
        };
        limits.Add($"{range} {unit}".TrimEnd());
    }

    private static string Code(string text) => Cell($"`{text}`");

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private void Line(string text = "") => _text.Append(text).Append('\n');
}
