namespace BreakGlass.Core.Credentials;

/// <summary>The kubeconfig that is delivered with a grant: one cluster, one user, one context, all of it inline.</summary>
public static class CredentialKubeconfig
{
    /// <summary>Writes it as YAML that kubectl, client-go and people read.</summary>
    /// <param name="server">The API server as the requester reaches it.</param>
    /// <param name="caPem">The certificates its own certificate is checked with; null or empty for those the requester's machine trusts.</param>
    /// <param name="clusterName">What the cluster is called in the file.</param>
    /// <param name="grantName">What the context and the user are called.</param>
    /// <param name="contextNamespace">The namespace kubectl works in: the first one granted; null or empty for <c>default</c>.</param>
    /// <param name="token">The bearer token.</param>
    /// <param name="tlsServerName">The name in the server's certificate, where that is not the one in its address.</param>
    /// <returns>UTF-8 without a byte order mark. It holds the token: keep it out of everything but the Secret or a JWE.</returns>
    public static byte[] Render(
        Uri server, string? caPem, string clusterName, string grantName, string? contextNamespace, string token, string? tlsServerName = null) =>
        Render(server, caPem, clusterName, grantName, contextNamespace, tlsServerName, [("token", token)]);

    /// <summary>Writes the one for the gateway, with a client certificate.</summary>
    /// <param name="gateway">The gateway, and the certificate.</param>
    /// <param name="clusterName">What the cluster is called in the file.</param>
    /// <param name="grantName">What the context and the user are called.</param>
    /// <param name="contextNamespace">The namespace kubectl works in: the first one granted; null or empty for <c>default</c>.</param>
    /// <param name="keyPem">The certificate's private key.</param>
    /// <returns>UTF-8 without a byte order mark. It holds the key: keep it out of everything but the Secret and the holder's own file.</returns>
    public static byte[] Render(GatewayAccess gateway, string clusterName, string grantName, string? contextNamespace, string keyPem) =>
        RenderCertificate(new(gateway.Server), gateway.CaBundle, clusterName, grantName, contextNamespace, gateway.Certificate ?? "", keyPem);

    /// <summary>Writes one with a client certificate.</summary>
    /// <param name="server">The server.</param>
    /// <param name="caPem">The certificates its own certificate is checked with; null or empty for those that the user's machine trusts.</param>
    /// <param name="clusterName">What the cluster is called in the file.</param>
    /// <param name="userName">What the context and the user are called.</param>
    /// <param name="contextNamespace">The namespace kubectl works in; null or empty for <c>default</c>.</param>
    /// <param name="certificatePem">The client certificate.</param>
    /// <param name="keyPem">Its private key.</param>
    /// <param name="tlsServerName">The name in the server's certificate, where that is not the one in its address.</param>
    /// <returns>UTF-8 without a byte order mark. It holds the key.</returns>
    public static byte[] RenderCertificate(
        Uri server, string? caPem, string clusterName, string userName, string? contextNamespace, string certificatePem, string keyPem,
        string? tlsServerName = null) =>
        Render(server, caPem, clusterName, userName, contextNamespace, tlsServerName,
            [("client-certificate-data", Base64(certificatePem)), ("client-key-data", Base64(keyPem))]);

    /// <summary>The token in what <see cref="Render(Uri, string?, string, string, string?, string, string?)"/> wrote; null if it is something else.</summary>
    public static string? TokenOf(ReadOnlySpan<byte> kubeconfig)
    {
        const string Start = "    token: \"";
        var line = Encoding.UTF8.GetString(kubeconfig).Split('\n').FirstOrDefault(l => l.StartsWith(Start, StringComparison.Ordinal));
        return line is null || !line.EndsWith('"') || line.Contains('\\') || line.Length <= Start.Length + 1 ? null : line[Start.Length..^1];
    }

    private static byte[] Render(Uri server, string? caPem, string clusterName, string grantName, string? contextNamespace, string? tlsServerName,
        IReadOnlyList<(string Key, string Value)> user)
    {
        var workingNamespace = string.IsNullOrEmpty(contextNamespace) ? "default" : contextNamespace;
        var yaml = new StringBuilder();
        yaml.Append("apiVersion: v1\nkind: Config\n");
        yaml.Append("clusters:\n");
        Line(yaml, "- name", clusterName);
        yaml.Append("  cluster:\n");
        Line(yaml, "    server", server.OriginalString);
        if (!string.IsNullOrEmpty(tlsServerName)) Line(yaml, "    tls-server-name", tlsServerName);
        if (!string.IsNullOrEmpty(caPem)) Line(yaml, "    certificate-authority-data", Base64(caPem));
        yaml.Append("users:\n");
        Line(yaml, "- name", grantName);
        yaml.Append("  user:\n");
        foreach (var (key, value) in user) Line(yaml, $"    {key}", value);
        yaml.Append("contexts:\n");
        Line(yaml, "- name", grantName);
        yaml.Append("  context:\n");
        Line(yaml, "    cluster", clusterName);
        Line(yaml, "    user", grantName);
        Line(yaml, "    namespace", workingNamespace);
        Line(yaml, "current-context", grantName);
        return Encoding.UTF8.GetBytes(yaml.ToString());
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    // Always quoted: plain YAML would read a namespace called "on" or "123" as something other than a text.
    private static void Line(StringBuilder yaml, string key, string value)
    {
        yaml.Append(key).Append(": \"");
        foreach (var c in value)
        {
            if (c is '"' or '\\') yaml.Append('\\').Append(c);
            else if (char.IsControl(c) || c is '\u2028' or '\u2029' or '\ufeff') yaml.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else yaml.Append(c);
        }

        yaml.Append("\"\n");
    }
}
