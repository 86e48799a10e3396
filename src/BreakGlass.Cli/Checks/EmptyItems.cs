namespace BreakGlass.Cli.Checks;

/// <summary>
/// Items of lists with nothing in them, as a dash leaves them behind which nothing stands. No list of ours can hold one, and nothing that reads lists
/// expects one.
/// </summary>
internal static class EmptyItems
{
    public static IEnumerable<string> In(JsonNode? node, string path = "") => node switch
    {
        JsonObject map => map.SelectMany(e => In(e.Value, path.Length == 0 ? e.Key : $"{path}.{e.Key}")),
        JsonArray list => list.SelectMany((item, i) => item is null ? [$"{path}[{i}]"] : In(item, $"{path}[{i}]")),
        _ => [],
    };

    public static void TakeOut(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            for (var i = list.Count - 1; i >= 0; i--)
            {
                if (list[i] is null) list.RemoveAt(i);
                else TakeOut(list[i]);
            }
        }

        if (node is not JsonObject map) return;
        foreach (var (_, value) in map) TakeOut(value);
    }
}
