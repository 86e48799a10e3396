namespace BreakGlass.Core.Vouchers;

/// <summary>
/// Reads one JSON object that has only known members, each at most once. The first thing that is wrong is kept in <see cref="Problem"/>, and what is read
/// after that is empty. No problem repeats what was read.
/// </summary>
internal sealed class StrictObject
{
    /// <summary>9999-12-31T23:59:59Z.</summary>
    private const long LastSecond = 253_402_300_799;

    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false, MaxDepth = 5 };

    private readonly JsonElement _object;
    private readonly string _what;

    private StrictObject(JsonElement o, string what, string? problem) => (_object, _what, Problem) = (o, what, problem);

    /// <summary>A clause without a full stop; null if all is right so far.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads an object and nothing else.</summary>
    /// <param name="utf8">The JSON.</param>
    /// <param name="what">What it is, for the problem: <c>the voucher's claims</c>.</param>
    /// <param name="members">The members that it can have.</param>
    public static StrictObject Parse(ReadOnlyMemory<byte> utf8, string what, params ReadOnlySpan<string> members)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, s_options);
            return Of(document.RootElement.Clone(), what, members);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new(default, what, $"{what}: this is not valid JSON, or a member appears twice");
        }
    }

    /// <summary>The object that is a member.</summary>
    public StrictObject Object(string name, params ReadOnlySpan<string> members)
    {
        if (Problem is not null || !Has(name, out var member)) return new(default, _what, Missing(name));
        var inner = Of(member, _what, members);
        Problem ??= inner.Problem;
        return inner;
    }

    /// <summary>The objects of a list.</summary>
    public IReadOnlyList<StrictObject> Objects(string name, int most, params ReadOnlySpan<string> members)
    {
        List<StrictObject> objects = [];
        foreach (var item in Items(name, most))
        {
            var inner = Of(item, _what, members);
            Problem ??= inner.Problem;
            objects.Add(inner);
        }

        return Problem is null ? objects : [];
    }

    /// <summary>A text that has to be there.</summary>
    /// <param name="name">The member.</param>
    /// <param name="isValid">Whether it may have this value.</param>
    /// <param name="rule">What is expected of it, for the problem.</param>
    public string Text(string name, Func<string, bool> isValid, string rule)
    {
        if (!Has(name, out var member))
        {
            Missing(name);
            return "";
        }

        return Text(member, name, isValid, rule);
    }

    /// <summary>Texts that differ; empty if the member is missing.</summary>
    public IReadOnlyList<string> Texts(string name, int most, Func<string, bool> isValid, string rule)
    {
        if (!Has(name, out _)) return [];
        List<string> texts = [.. Items(name, most).Select(item => Text(item, name, isValid, rule))];
        if (Problem is null && texts.Distinct(StringComparer.Ordinal).Count() < texts.Count) Problem = $"{_what}: {name} names something twice";
        return Problem is null ? texts : [];
    }

    /// <summary>A time in whole seconds (NumericDate, RFC 7519), which has to be there.</summary>
    public DateTimeOffset Time(string name)
    {
        if (!Has(name, out var member)) Missing(name);
        else if (member.ValueKind is JsonValueKind.Number && member.TryGetInt64(out var seconds) && seconds is > 0 and <= LastSecond)
            return DateTimeOffset.FromUnixTimeSeconds(seconds);
        else Problem ??= $"{_what}: {name} is not a time in whole seconds since 1970";
        return DateTimeOffset.UnixEpoch;
    }

    private static StrictObject Of(JsonElement o, string what, ReadOnlySpan<string> members)
    {
        if (o.ValueKind is not JsonValueKind.Object) return new(default, what, $"{what}: this is not a JSON object");
        var known = 0;
        foreach (var member in members)
        {
            if (o.TryGetProperty(member, out _)) known++;
        }

        var crit = o.TryGetProperty("crit", out _);
        return new(o, what, known == o.GetPropertyCount() ? null
            : crit ? $"{what}: an extension is required (crit), and none is supported" : $"{what}: there is a member that is not supported");
    }

    private List<JsonElement> Items(string name, int most)
    {
        if (!Has(name, out var member)) Missing(name);
        else if (member.ValueKind is not JsonValueKind.Array || member.GetArrayLength() > most || member.GetArrayLength() == 0)
            Problem ??= $"{_what}: {name} is not a list of 1 to {most} items";
        return Problem is null ? [.. member.EnumerateArray()] : [];
    }

    private string Text(JsonElement member, string name, Func<string, bool> isValid, string rule)
    {
        try
        {
            if (member.ValueKind is JsonValueKind.String && member.GetString() is { } text && isValid(text)) return text;
        }
        catch (InvalidOperationException)
        {
            // a string that is not Unicode
        }

        Problem ??= $"{_what}: {name} is not {rule}";
        return "";
    }

    private bool Has(string name, out JsonElement member)
    {
        member = default;
        return _object.ValueKind is JsonValueKind.Object && _object.TryGetProperty(name, out member);
    }

    private string Missing(string name) => Problem ??= $"{_what}: {name} is missing";
}
