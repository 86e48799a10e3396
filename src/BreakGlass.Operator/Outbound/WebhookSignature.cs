using System.Security.Cryptography;

namespace BreakGlass.Operator.Outbound;

/// <summary>
/// Standard Webhooks 1.0: the signature is of id, time and body, so that neither can be changed and what was recorded cannot be sent again later.
/// Each try has its own signature, because receivers refuse what is older than some minutes.
/// </summary>
internal static class WebhookSignature
{
    private const string Prefix = "whsec_";

    /// <summary>Adds the three headers.</summary>
    /// <param name="request">The request.</param>
    /// <param name="secret">The secret as it is configured; <see cref="KeyOf"/> has accepted it.</param>
    /// <param name="id">The same for each try of a delivery.</param>
    /// <param name="now">The time of this try.</param>
    /// <param name="body">The body of the request.</param>
    public static void Add(HttpRequestMessage request, SecretText secret, string id, DateTimeOffset now, byte[] body)
    {
        var time = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = HMACSHA256.HashData(KeyOf(secret.Value)!, (byte[])[.. Encoding.UTF8.GetBytes($"{id}.{time}."), .. body]);
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", time);
        request.Headers.Add("webhook-signature", $"v1,{Convert.ToBase64String(signature)}");
    }

    /// <summary>
    /// The bytes that a webhook is signed with: of <c>whsec_…</c> what the base64 stands for, else the text's own; null where that is no base64.
    /// </summary>
    public static byte[]? KeyOf(string secret)
    {
        if (!secret.StartsWith(Prefix, StringComparison.Ordinal)) return Encoding.UTF8.GetBytes(secret);
        var bytes = new byte[secret.Length];
        return Convert.TryFromBase64String(secret[Prefix.Length..], bytes, out var length) ? bytes[..length] : null;
    }
}
