namespace BreakGlass.Gateway.Proxying;

/// <summary>What is kept of a request while it is open: enough to ask again whether it is allowed.</summary>
/// <param name="Method">The method.</param>
/// <param name="Target">The target as it came.</param>
/// <param name="Impersonation">The headers by which it acts as somebody else; mostly none.</param>
internal sealed record RequestHead(string Method, string Target, IReadOnlyList<KeyValuePair<string, string>> Impersonation)
{
    /// <summary>Whether it acts as somebody else.</summary>
    public bool Impersonates => Impersonation.Count > 0;

    /// <summary>Reads a request.</summary>
    public static RequestHead Of(HttpRequest request, string target) => new(request.Method, target, HeaderRules.Impersonation(request.Headers));
}
