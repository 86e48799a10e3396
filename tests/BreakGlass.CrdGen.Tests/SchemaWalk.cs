using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace BreakGlass.CrdGen.Tests;

/// <summary>Walks schemas and checks values against them: the small part of OpenAPI that the generator writes.</summary>
internal static class SchemaWalk
{
    /// <summary>A schema and all that are inside it, with their paths.</summary>
    public static IEnumerable<(string Path, JsonObject Schema)> Below(JsonObject schema, string path = "")
    {
        yield return (path, schema);
        var inner = (schema["properties"] as JsonObject ?? []).Select(p => ($"{path}.{p.Key}", p.Value))
            .Append(($"{path}[]", schema["items"])).Append(($"{path}{{}}", schema["additionalProperties"]));
        foreach (var (name, child) in inner)
        {
            if (child is not JsonObject next) continue;
            foreach (var found in Below(next, name)) yield return found;
        }
    }

    /// <summary>What is wrong with a value.</summary>
    public static IEnumerable<string> Problems(JsonNode? value, JsonObject schema)
    {
        var kind = value?.GetValueKind();
        var matches = schema["type"]!.ToString() switch
        {
            "string" => kind == JsonValueKind.String,
            "integer" => kind == JsonValueKind.Number && value!.AsValue().TryGetValue<long>(out _),
            "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
            "array" => kind == JsonValueKind.Array,
            "object" => kind == JsonValueKind.Object,
            _ => false,
        };
        if (!matches) return [$"{value?.ToJsonString()} is no {schema["type"]}"];
        if (schema["enum"] is JsonArray allowed && !allowed.Any(a => JsonNode.DeepEquals(a, value))) return [$"{value} is not allowed"];
        return value switch
        {
            JsonObject map => OfMap(map, schema),
            JsonArray list => list.SelectMany(item => Problems(item, schema["items"]!.AsObject()))
                .Concat(OutOfBounds(list.Count, schema, "Items")),
            _ when kind == JsonValueKind.String => OfText(value!.GetValue<string>(), schema),
            _ when kind == JsonValueKind.Number => OutOfBounds(value!.GetValue<long>(), schema, "imum"),
            _ => [],
        };
    }

    private static IEnumerable<string> OfMap(JsonObject map, JsonObject schema)
    {
        var properties = schema["properties"]!.AsObject();
        foreach (var (name, value) in map)
        {
            if (properties[name] is not JsonObject property) yield return $"{name} is not known";
            else foreach (var problem in Problems(value, property)) yield return problem;
        }

        foreach (var name in schema["required"] as JsonArray ?? [])
        {
            if (!map.ContainsKey(name!.ToString())) yield return $"{name} is missing";
        }
    }

    private static IEnumerable<string> OfText(string text, JsonObject schema)
    {
        if (schema["pattern"] is { } pattern && !Regex.IsMatch(text, pattern.ToString(), RegexOptions.NonBacktracking, TimeSpan.FromSeconds(1)))
            yield return $"{text} does not match";
        foreach (var problem in OutOfBounds(text.Length, schema, "Length")) yield return problem;
    }

    private static IEnumerable<string> OutOfBounds(long size, JsonObject schema, string suffix)
    {
        if (size < (schema["min" + suffix]?.GetValue<long>() ?? long.MinValue)) yield return $"{size} is too small";
        if (size > (schema["max" + suffix]?.GetValue<long>() ?? long.MaxValue)) yield return $"{size} is too large";
    }
}
