namespace BreakGlass.Cli.Grants;

/// <summary>
/// What a client shows to the server: a token for the API server, or a certificate and its key for the gateway (PEM). Its text form does not show it.
/// </summary>
internal sealed record ClientCredential
{
    public string? Token { get; init; }

    public string? Certificate { get; init; }

    public string? Key { get; init; }

    /// <summary>Whether it is for the gateway.</summary>
    public bool IsForGateway => Certificate is not null;

    /// <summary>The fields of a kubeconfig's user; null if it is neither a token nor a certificate with its key.</summary>
    public static ClientCredential? OfUser(JsonObject user)
    {
        if (Text(user["token"]) is { } token) return new() { Token = token };
        return Decoded(user["client-certificate-data"]) is { } certificate && Decoded(user["client-key-data"]) is { } key
            ? new() { Certificate = certificate, Key = key } : null;
    }

    /// <summary>A kubeconfig's user with this and nothing else.</summary>
    public JsonObject ToUser() => Token is { } token
        ? new() { ["token"] = token }
        : new() { ["client-certificate-data"] = Encoded(Certificate), ["client-key-data"] = Encoded(Key) };

    /// <inheritdoc/>
    public override string ToString() => nameof(ClientCredential);

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0 ? text : null;

    private static string? Decoded(JsonNode? node)
    {
        var bytes = new byte[(Text(node)?.Length ?? 0) * 3 / 4 + 1];
        return Text(node) is { } text && Convert.TryFromBase64String(text, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }

    private static string Encoded(string? text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text ?? ""));
}
