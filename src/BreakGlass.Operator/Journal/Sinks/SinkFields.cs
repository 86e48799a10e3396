using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>The fields of one sink.</summary>
internal sealed class SinkFields(YamlNode node, int number, List<string> problems, string directory)
{
    private static readonly string[] Known =
        ["name", "type", "required", "url", "secret", "authorization", "server", "transport", "caFile", "certificateFile", "keyFile"];

    private static readonly Dictionary<string, SinkType> Types = Enum.GetValues<SinkType>().ToDictionary(TypeName, StringComparer.Ordinal);

    private readonly OutboundFields _fields = new("sink", node, number, problems, Known);

    /// <summary>A type as the file has it.</summary>
    public static string TypeName(SinkType type) => type switch
    {
        SinkType.Webhook => "webhook",
        SinkType.Syslog => "syslog",
        SinkType.Otlp => "otlp",
        _ => "stdout",
    };

    /// <summary>The sink, or null where something is wrong with it, which is then said.</summary>
    public SinkSettings? Sink()
    {
        if (_fields.Type(Types) is not { } type) return null;
        NotFor(type is SinkType.Webhook, ["secret"], type);
        NotFor(type is SinkType.Webhook or SinkType.Otlp, ["url", "authorization"], type);
        NotFor(type is SinkType.Syslog, ["server", "transport", "caFile", "certificateFile", "keyFile"], type);
        var isHttp = type is SinkType.Webhook or SinkType.Otlp;
        var sink = new SinkSettings
        {
            Name = _fields.Name,
            Type = type,
            IsRequired = Required(),
            Url = isHttp ? new(_fields.Url()) : null,
            Authorization = isHttp ? _fields.Authorization() : null,
            Secret = type is SinkType.Webhook ? _fields.SigningSecret() : null,
            Syslog = type is SinkType.Syslog ? Syslog() : null,
        };
        if (_fields.Name is OperatorMetrics.Journal or OperatorMetrics.Sessions or OperatorMetrics.Spool or OperatorMetrics.Recordings)
            _fields.Problem("the name is used for the journal itself", "Use another name");
        return _fields.AreGood ? sink : null;
    }

    private void NotFor(bool isFor, string[] fields, SinkType type)
    {
        if (isFor) return;
        foreach (var field in fields) _fields.NotFor(field, TypeName(type));
    }

    private bool Required()
    {
        var text = _fields.Text("required");
        if (_fields.Has("required") && text is not ("true" or "false")) _fields.Problem("required is not a boolean", "Use true or false");
        return text == "true";
    }

    private SyslogServer? Syslog()
    {
        var text = _fields.Text("server") ?? "";
        if (!Uri.TryCreate($"syslog://{text}", UriKind.Absolute, out var server) || server.Host.Length == 0 || server.UserInfo.Length > 0
            || server.PathAndQuery is not ("" or "/"))
        {
            _fields.Problem("server is missing or not a host and a port", "Use for example syslog.example:6514");
            return null;
        }

        var transport = _fields.Text("transport");
        if (_fields.Has("transport") && transport is not ("tls" or "tcp"))
            _fields.Problem("transport is unknown", "Use tls, or tcp for a server on this machine");
        else if (transport == "tcp" && !server.IsLoopback)
            _fields.Problem("transport is tcp to a host that is not this machine, where others could read and change what is sent", "Use tls");
        var usesTls = transport != "tcp";
        if (!usesTls)
        {
            foreach (var field in (string[])["caFile", "certificateFile", "keyFile"]) _fields.NotFor(field, "syslog with transport tcp");
        }

        if (_fields.Has("certificateFile") != _fields.Has("keyFile"))
            _fields.Problem("only one of certificateFile and keyFile is set", "Set both for a client certificate, or neither");
        var (authorities, certificate, key) = (PathOf("caFile"), PathOf("certificateFile"), PathOf("keyFile"));
        if (usesTls) Check("caFile", authorities, path => SyslogSink.Authorities(path).Count > 0);
        if (usesTls && key is not null) Check("certificateFile", certificate, path => SyslogSink.Certificate(path, key).HasPrivateKey);
        return new(server.Host.Trim('[', ']'), server.Port > 0 ? server.Port : SyslogServer.StandardPort, usesTls, authorities, certificate, key);
    }

    private string? PathOf(string field) => _fields.Has(field) ? Path.Combine(directory, _fields.Text(field) ?? "") : null;

    private void Check(string field, string? path, Func<string, bool> isGood)
    {
        try
        {
            if (path is null || isGood(path)) return;
            _fields.Problem($"{field} contains no certificate", "Use a file in PEM form (-----BEGIN CERTIFICATE-----)");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or CryptographicException)
        {
            _fields.Problem(
                $"{field} cannot be read, or is not in PEM form, or its key does not belong to it", "Use the path of a readable file, see docs/journal.md");
        }
    }
}
