namespace Kube.Client;

/// <summary>One request as the client thinks of it; sent more than once where that is safe.</summary>
internal sealed record Request(string Verb, HttpMethod Method, Uri Uri)
{
    public const string Json = "application/json";

    public string Accept { get; init; } = Json;

    public byte[]? Body { get; init; }

    public string ContentType { get; init; } = Json;

    /// <summary>
    /// Whether it changes something on the server. Reviews are POSTs that store nothing, but a lost answer is not worth a
    /// second rule.
    /// </summary>
    public bool IsWrite => Method != HttpMethod.Get;

    public HttpRequestMessage ToMessage()
    {
        var message = new HttpRequestMessage(Method, Uri) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        message.Headers.TryAddWithoutValidation("Accept", Accept);
        if (Body is not null)
        {
            message.Content = new ByteArrayContent(Body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        }

        return message;
    }

    /// <summary>Method and path: no query, no host.</summary>
    public override string ToString() => $"{Method.Method} {Uri.AbsolutePath}";
}
