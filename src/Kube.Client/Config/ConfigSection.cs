namespace Kube.Client;

/// <summary>One map of a kubeconfig with the place it stands, so that every complaint can say where.</summary>
internal sealed class ConfigSection(string file, string where, YamlMap map)
{
    public string File => file;

    public YamlMap Map => map;

    public string? Text(string key) => map.Entries.GetValueOrDefault(key) switch
    {
        null or YamlScalar { IsNull: true } => null,
        YamlScalar s => s.Text.Length == 0 ? null : s.Text,
        _ => throw Wrong($"'{key}' must be a string"),
    };

    public bool Flag(string key) => Text(key) switch
    {
        null or "false" or "False" or "FALSE" => false,
        "true" or "True" or "TRUE" => true,
        _ => throw Wrong($"'{key}' must be true or false"),
    };

    public ConfigSection? Section(string key) => map.Entries.GetValueOrDefault(key) switch
    {
        null or YamlScalar { IsNull: true } => null,
        YamlMap m => new ConfigSection(file, $"{where}.{key}", m),
        _ => throw Wrong($"'{key}' must be a map"),
    };

    public IReadOnlyList<YamlNode> List(string key) => map.Entries.GetValueOrDefault(key) switch
    {
        null or YamlScalar { IsNull: true } => [],
        YamlList l => l.Items,
        _ => throw Wrong($"'{key}' must be a list"),
    };

    public IReadOnlyList<string> Texts(string key) =>
        [.. List(key).Select(i => i is YamlScalar s ? s.Text : throw Wrong($"'{key}' must be a list of strings"))];

    public IEnumerable<ConfigSection> Sections(string key)
    {
        var index = 0;
        foreach (var item in List(key))
        {
            yield return item is YamlMap m ? new ConfigSection(file, $"{where}.{key}[{index++}]", m) : throw Wrong($"'{key}' must be a list of maps");
        }
    }

    /// <summary>PEM from <c>key-data</c> (base64, which comes first) or from the file that <c>key</c> names.</summary>
    public PemSource? Pem(string key)
    {
        if (Text(key + "-data") is not { } data) return Path(key) is { } path ? PemSource.FromFile(path) : null;
        try
        {
            return PemSource.FromPem(Encoding.UTF8.GetString(Convert.FromBase64String(data)));
        }
        catch (FormatException e)
        {
            // The inner message would be harmless, the value is not: neither is shown.
            throw new KubeConfigException($"kubeconfig '{file}': {where}: '{key}-data' is not base64. Copy it again, on one line.", e);
        }
    }

    /// <summary>A path, relative to the file that names it.</summary>
    public string? Path(string key) => Text(key) is { } path ? System.IO.Path.GetFullPath(path, Directory) : null;

    public string Directory => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(file)) ?? ".";

    public KubeConfigException Wrong(string what) => new($"kubeconfig '{file}': {where}: {what}.");
}
