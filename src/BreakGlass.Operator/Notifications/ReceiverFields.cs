using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Notifications;

/// <summary>The fields of one receiver.</summary>
internal sealed class ReceiverFields(YamlNode node, int number, List<string> problems)
{
    private const string PagerDutyUrl = "https://events.pagerduty.com/v2/enqueue";

    private static readonly string[] Known = ["name", "type", "url", "events", "secret", "routingKey", "authorization", "drill"];
    private static readonly Dictionary<string, ReceiverType> Types = Enum.GetValues<ReceiverType>().ToDictionary(TypeName, StringComparer.Ordinal);

    private readonly OutboundFields _fields = new("receiver", node, number, problems, Known);

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
        if (_fields.Type(Types) is not { } type) return null;
        var receiver = new ReceiverSettings
        {
            Name = _fields.Name,
            Type = type,
            Url = new(_fields.Url(type is ReceiverType.PagerDuty ? PagerDutyUrl : null)),
            Key = Key(type),
            Authorization = Authorization(type),
            Events = Events(),
            Drill = Drill(),
        };
        return _fields.AreGood ? receiver : null;
    }

    private SecretText? Key(ReceiverType type)
    {
        if (type is not ReceiverType.PagerDuty) _fields.NotFor("routingKey", TypeName(type));
        if (type is not ReceiverType.Webhook) _fields.NotFor("secret", TypeName(type));
        if (type is ReceiverType.Webhook) return _fields.SigningSecret();
        if (type is not ReceiverType.PagerDuty) return null;
        var text = _fields.Text("routingKey") ?? "";
        if (text.Length != 32 || !text.All(char.IsAsciiLetterOrDigit))
            _fields.Problem("routingKey is missing or not an integration key", "Use the 32 letters and digits of an Events API v2 integration");
        return new(text);
    }

    private SecretText? Authorization(ReceiverType type)
    {
        if (type is ReceiverType.Webhook or ReceiverType.Alertmanager) return _fields.Authorization();
        _fields.NotFor("authorization", TypeName(type));
        return null;
    }

    private bool Drill()
    {
        if (!_fields.Has("drill") || _fields.Text("drill") is "true" or "false") return _fields.Text("drill") is "true";
        _fields.Problem("drill is not true or false", "Use drill: true for a receiver that gets the notifications of drills");
        return false;
    }

    private IReadOnlySet<string> Events()
    {
        if (!_fields.Has("events")) return ReceiverSettings.DefaultEvents;
        if (_fields.Node("events") is not YamlList { Items.Count: > 0 } list
            || !list.Items.All(item => item is YamlScalar scalar && ReceiverSettings.KnownEvents.Contains(scalar.Text)))
        {
            _fields.Problem("events is not a list of events", $"Use {string.Join(", ", ReceiverSettings.KnownEvents)}");
            return ReceiverSettings.DefaultEvents;
        }

        return list.Items.Select(item => ((YamlScalar)item).Text).ToHashSet(StringComparer.Ordinal);
    }
}
