namespace BreakGlass.Operator.Sealing;

/// <summary>Metadata of the Secrets that the operator keeps for itself.</summary>
internal static class OperatorSecrets
{
    public static V1ObjectMeta Meta(string name, string ns) => new()
    {
        Name = name,
        NamespaceProperty = ns,
        Labels = new Dictionary<string, string> { ["app.kubernetes.io/name"] = "breakglass-operator" },
    };
}
