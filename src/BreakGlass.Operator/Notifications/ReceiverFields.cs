namespace BreakGlass.Operator.Notifications;

/// <summary>The fields of one receiver.</summary>
internal sealed class ReceiverFields
{
    private const string PagerDutyUrl = "https://events.pagerduty.com/v2/enqueue";
    private const int ShortestSecret = 24; // bytes, by the Standard Webhooks specification

    private static readonly string[] Known = ["name", "type", "url", "events", "secret", "routingKey", "authorization"];
    private static readonly Dictionary<string, ReceiverType> Types = Enum.GetValues<ReceiverType>().ToDictionary(TypeName, StringComparer.Ordinal);

    private readonly IReadOnlyDictionary<string, YamlNode> _fields;
    private readonly List<string> _problems;
    private readonly int _before;
    private readonly string _who;

    public ReceiverFields(YamlNode node, int number, List<string> problems)
    {
        (_problems, _before, _who) = (problems, problems.Count, $"receiver {number}");
        _fields = (node as YamlMap)?.Entries ?? new Dictionary<string, YamlNode>();
        if (node is not YamlMap) Problem("is not a map of fields", "Set name, type and url");
        var name = Text("name") ?? "";
        if (IsName(name)) _who = $"receiver \"{name}\"";
        else if (node is YamlMap) Problem("name is missing or not valid", "Use up to 63 lower-case letters, digits and hyphens");
        foreach (var field in _fields.Keys.Except(Known)) Problem($"{Shown(field)} is not a known field", $"Use {string.Join(", ", Known)}");
    }

    /// <summary>A type as the file and the metrics have it.</summary>
    public static string TypeName(ReceiverType type) => type switch
    {
        ReceiverType.Webhook => "webhook",
        ReceiverType.Slack => "slack",
        ReceiverType.Teams => "teams",
        ReceiverType.PagerDuty => "pagerduty",
        _ => "alertmanager",
    };

    /// <summary>The receiver, or null where something is wrong with it, which is then said.</summary>
    public ReceiverSettings? Receiver()
    {
        if (!Types.TryGetValue(Text("type") ?? "", out var type))
        {
            Problem("type is missing or unknown", $"Use one of {string.Join(", ", Types.Keys)}");
            return null;
        }

        var receiver = new ReceiverSettings
        {
            Name = Text("name") ?? "",
            Type = type,
            Url = new(Url(type)),
            Key = Key(type),
            Authorization = Authorization(type),
            Events = Events(),
        };
        return _problems.Count == _before ? receiver : null;
    }

    private string Url(ReceiverType type)
    {
        var text = Text("url") ?? (type is ReceiverType.PagerDuty && !_fields.ContainsKey("url") ? PagerDutyUrl : "");
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

    // The end counts: whoever owns a domain can have .svc. in the middle of a name.
    private static bool IsInside(Uri url)
    {
        var host = url.Host.TrimEnd('.');
        return url.IsLoopback || host.EndsWith(".svc", StringComparison.Ordinal) || host.EndsWith(".svc.cluster.local", StringComparison.Ordinal);
    }

    private SecretText? Key(ReceiverType type)
    {
        var (own, other) = type is ReceiverType.PagerDuty ? ("routingKey", "secret") : ("secret", "routingKey");
        if (_fields.ContainsKey(other)) Problem($"{other} is not for type {TypeName(type)}", "Remove it");
        if (type is not (ReceiverType.Webhook or ReceiverType.PagerDuty))
        {
            if (_fields.ContainsKey(own)) Problem($"{own} is not for type {TypeName(type)}", "Remove it");
            return null;
        }

        var text = Text(own) ?? "";
        if (type is ReceiverType.PagerDuty)
        {
            if (text.Length != 32 || !text.All(char.IsAsciiLetterOrDigit))
                Problem("routingKey is missing or not an integration key", "Use the 32 letters and digits of an Events API v2 integration");
        }
        else if (SigningKey(text) is not { Length: >= ShortestSecret })
        {
            Problem("secret is missing or too short to sign with",
                $"Use whsec_ and the base64 of at least {ShortestSecret} random bytes, or a text of as many characters");
        }

        return new(text);
    }

    /// <summary>
    /// The bytes that a webhook is signed with: of <c>whsec_…</c> what the base64 stands for, else the text's own; null where that is no base64.
    /// </summary>
    public static byte[]? SigningKey(string secret)
    {
        const string Prefix = "whsec_";
        if (!secret.StartsWith(Prefix, StringComparison.Ordinal)) return Encoding.UTF8.GetBytes(secret);
        var bytes = new byte[secret.Length];
        return Convert.TryFromBase64String(secret[Prefix.Length..], bytes, out var length) ? bytes[..length] : null;
    }

    private SecretText? Authorization(ReceiverType type)
    {
        if (!_fields.ContainsKey("authorization")) return null;
        if (type is not (ReceiverType.Webhook or ReceiverType.Alertmanager))
        {
            Problem($"authorization is not for type {TypeName(type)}", "Remove it");
            return null;
        }

        var text = Text("authorization") ?? "";
        if (text.Length == 0 || !text.Contains(' ', StringComparison.Ordinal) || !text.All(c => c is >= ' ' and <= '~'))
            Problem("authorization is not a header value of one line", "Use scheme and credentials, for example Bearer and a token");
        return new(text);
    }

    private IReadOnlySet<string> Events()
    {
        if (!_fields.TryGetValue("events", out var node)) return ReceiverSettings.DefaultEvents;
        if (node is not YamlList { Items.Count: > 0 } list
            || !list.Items.All(item => item is YamlScalar scalar && ReceiverSettings.KnownEvents.Contains(scalar.Text)))
        {
            Problem("events is not a list of events", $"Use {string.Join(", ", ReceiverSettings.KnownEvents)}");
            return ReceiverSettings.DefaultEvents;
        }

        return list.Items.Select(item => ((YamlScalar)item).Text).ToHashSet(StringComparer.Ordinal);
    }

    private string? Text(string field) => _fields.GetValueOrDefault(field) is YamlScalar { IsNull: false } scalar ? scalar.Text.Trim() : null;

    private static bool IsName(string name) =>
        name.Length is >= 1 and <= 63 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && name[0] != '-' && name[^1] != '-';

    private static string Shown(string field) => field.Length <= 20 && field.All(char.IsAsciiLetter) ? field : "something";

    private void Problem(string what, string next) => _problems.Add($"{_who}: {what}. {next}");
}
