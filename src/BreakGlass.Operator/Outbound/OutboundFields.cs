namespace BreakGlass.Operator.Outbound;

/// <summary>The fields of one entry of an <see cref="OutboundFile{T}"/>, and what is wrong with them.</summary>
internal sealed class OutboundFields
{
    private const int ShortestSecret = 24; // bytes, by the Standard Webhooks specification

    private readonly IReadOnlyDictionary<string, YamlNode> _fields;
    private readonly List<string> _problems;
    private readonly int _before;
    private readonly string _who;

    /// <param name="what">What an entry is, for messages.</param>
    /// <param name="node">The entry.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="problems">Takes what is wrong.</param>
    /// <param name="known">The names of all fields that an entry can have.</param>
    public OutboundFields(string what, YamlNode node, int number, List<string> problems, IReadOnlyList<string> known)
    {
        (_problems, _before, _who) = (problems, problems.Count, $"{what} {number}");
        _fields = (node as YamlMap)?.Entries ?? new Dictionary<string, YamlNode>();
        if (node is not YamlMap) Problem("is not a map of fields", "Set name, type and url");
        Name = Text("name") ?? "";
        if (IsName(Name)) _who = $"{what} \"{Name}\"";
        else if (node is YamlMap) Problem("name is missing or not valid", "Use up to 63 lower-case letters, digits and hyphens");
        foreach (var field in _fields.Keys.Except(known)) Problem($"{Shown(field)} is not a known field", $"Use {string.Join(", ", known)}");
    }

    /// <summary>The name of the entry.</summary>
    public string Name { get; }

    /// <summary>Whether nothing was wrong so far.</summary>
    public bool AreGood => _problems.Count == _before;

    /// <summary>Whether a field is there.</summary>
    public bool Has(string field) => _fields.ContainsKey(field);

    /// <summary>The text of a field; null if it is missing or is not a text.</summary>
    public string? Text(string field) => _fields.GetValueOrDefault(field) is YamlScalar { IsNull: false } scalar ? scalar.Text.Trim() : null;

    /// <summary>The node of a field.</summary>
    public YamlNode? Node(string field) => _fields.GetValueOrDefault(field);

    /// <summary>Says what is wrong, and what to do.</summary>
    public void Problem(string what, string next) => _problems.Add($"{_who}: {what}. {next}");

    /// <summary>The field is not for this type of entry.</summary>
    public void NotFor(string field, string type)
    {
        if (Has(field)) Problem($"{field} is not for type {type}", "Remove it");
    }

    /// <summary>The type, by its name in the file.</summary>
    public TType? Type<TType>(IReadOnlyDictionary<string, TType> types)
        where TType : struct
    {
        if (types.TryGetValue(Text("type") ?? "", out var type)) return type;
        Problem("type is missing or unknown", $"Use one of {string.Join(", ", types.Keys)}");
        return null;
    }

    /// <summary>The field url.</summary>
    /// <param name="standard">What it is if it is missing; null if it must be there.</param>
    public string Url(string? standard = null)
    {
        var text = Text("url") ?? (Has("url") ? "" : standard ?? "");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp)
            || url.Host.Length == 0)
            Problem("url is missing or not an http or https URL", "Use for example https://hooks.example/x");
        else if (url.UserInfo.Length > 0)
            Problem("url contains a user or password", "Put it into authorization");
        else if (url.Scheme == Uri.UriSchemeHttp && !IsInside(url))
            Problem("url is http to a host outside the cluster, where others could read and change what is sent",
                "Use https; http is for hosts that end in .svc or .svc.cluster.local");
        return text;
    }

    /// <summary>The field secret: what a webhook is signed with.</summary>
    public SecretText SigningSecret()
    {
        var text = Text("secret") ?? "";
        if (WebhookSignature.KeyOf(text) is not { Length: >= ShortestSecret })
        {
            Problem("secret is missing or too short to sign with",
                $"Use whsec_ and the base64 of at least {ShortestSecret} random bytes, or a text of as many characters");
        }

        return new(text);
    }

    /// <summary>The field authorization: the header, whole; null if it is not there.</summary>
    public SecretText? Authorization()
    {
        if (!Has("authorization")) return null;
        var text = Text("authorization") ?? "";
        if (text.Length == 0 || !text.Contains(' ', StringComparison.Ordinal) || !text.All(c => c is >= ' ' and <= '~'))
            Problem("authorization is not a header value of one line", "Use scheme and credentials, for example Bearer and a token");
        return new(text);
    }

    // The end counts: the owner of a domain can have .svc. in the middle of a name.
    private static bool IsInside(Uri url)
    {
        var host = url.Host.TrimEnd('.');
        return url.IsLoopback || host.EndsWith(".svc", StringComparison.Ordinal) || host.EndsWith(".svc.cluster.local", StringComparison.Ordinal);
    }

    private static bool IsName(string name) =>
        name.Length is >= 1 and <= 63 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && name[0] != '-' && name[^1] != '-';

    private static string Shown(string field) => field.Length <= 20 && field.All(char.IsAsciiLetter) ? field : "something";
}
