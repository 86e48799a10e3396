using YamlDotNet.Core;

namespace BreakGlass.Cli.Hosting;

/// <summary>
/// The way of a person to the cluster under their own name, written into the kubeconfig of a grant (an extension of its context; Kubernetes docs, "kubeconfig
/// (v1)"). With the grant's kubeconfig in KUBECONFIG this plugin would otherwise act as the grant's identity, which may neither revoke the grant nor ask for
/// the next one.
/// </summary>
/// <param name="Kubeconfig">The value of KUBECONFIG or <c>--kubeconfig</c>; null for <c>~/.kube/config</c>.</param>
/// <param name="Context">The context; null for the current one.</param>
internal sealed record CallerKubeconfig(string? Kubeconfig, string? Context)
{
    public const string Extension = "breakglass.dev/own";

    /// <summary>The variable that names kubeconfigs.</summary>
    public const string Variable = "KUBECONFIG";

    /// <summary>What a shell is told to go this way.</summary>
    public string Words => Kubeconfig is null ? $"unset {Variable}" : $"export {Variable}='{Kubeconfig.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>How the person came to the cluster this time.</summary>
    public static CallerKubeconfig Of(CliHost host, ConnectionFlags flags)
    {
        var list = string.IsNullOrEmpty(flags.Kubeconfig) ? host.Variable(Variable) : flags.Kubeconfig;
        if (string.IsNullOrEmpty(list)) return new(null, flags.Context);
        var files = list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Path.GetFullPath);
        return new(string.Join(Path.PathSeparator, files), flags.Context);
    }

    /// <summary>Where KUBECONFIG is the kubeconfig of a grant, puts the person's own in its place, for this process and what it starts.</summary>
    /// <returns>The flags to connect with. A user who names a kubeconfig means that one.</returns>
    public static ConnectionFlags TakeBack(CliHost host, ConnectionFlags flags)
    {
        if (!string.IsNullOrEmpty(flags.Kubeconfig) || host.Variable(Variable) is not { Length: > 0 } list) return flags;
        var first = list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault();
        if (first is null || CredentialFiles.Read(first) is not { } text || Read(text) is not { } caller) return flags;
        host.SetVariable(Variable, caller.Kubeconfig ?? "");
        return flags with { Context = flags.Context ?? caller.Context };
    }

    public JsonObject ToJson()
    {
        var way = new JsonObject();
        if (Kubeconfig is not null) way["kubeconfig"] = Kubeconfig;
        if (Context is not null) way["context"] = Context;
        return new() { ["name"] = Extension, ["extension"] = way };
    }

    private static CallerKubeconfig? Read(string kubeconfig)
    {
        try
        {
            if (YamlDocument.ReadAll(kubeconfig) is not [{ Root: JsonObject root }] || root["contexts"] is not JsonArray contexts) return null;
            var current = contexts.FirstOrDefault(c => Text(c?["name"]) is { } name && name == Text(root["current-context"]));
            var own = (current?["context"]?["extensions"] as JsonArray)?.FirstOrDefault(e => Text(e?["name"]) == Extension);
            return own is null ? null : new(Text(own["extension"]?["kubeconfig"]), Text(own["extension"]?["context"]));
        }
        catch (Exception e) when (e is YamlException or InvalidOperationException)
        {
            return null; // no kubeconfig: the next reader says so
        }
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
