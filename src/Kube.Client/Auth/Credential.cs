namespace Kube.Client;

/// <summary>What a request is authenticated with. Compared by reference: another one is another credential.</summary>
internal sealed class Credential(AuthenticationHeaderValue? header, SslStreamCertificateContext? certificate = null)
{
    public static Credential None { get; } = new(null);

    public AuthenticationHeaderValue? Header => header;

    public SslStreamCertificateContext? Certificate => certificate;

    /// <exception cref="KubeConfigException">No header can hold the token.</exception>
    public static Credential Bearer(string token, string source) => IsToken(token)
        ? new(new AuthenticationHeaderValue("Bearer", token))
        : throw new KubeConfigException(
            $"the token ({source}) contains spaces, line breaks or characters that a token cannot have. Copy it again, on one line.");

    /// <summary>Whether it can be a bearer token: visible ASCII.</summary>
    public static bool IsToken(string text) => !text.AsSpan().ContainsAnyExceptInRange('!', '~');
}
