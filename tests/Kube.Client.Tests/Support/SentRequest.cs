namespace Kube.Client.Tests;

/// <summary>What the client sent.</summary>
internal sealed record SentRequest(string Method, Uri Uri, string Body, string? ContentType, string Accept)
{
    public string PathAndQuery => Uri.PathAndQuery;

    public override string ToString() => $"{Method} {PathAndQuery}";
}
