using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BreakGlass.Core.Credentials;

/// <summary>
/// Which grant a client certificate for the gateway is for: the certificate names it in a URI of its subject alternative names (RFC 5280, 4.2.1.6), as
/// <c>breakglass://grants/NAME/UID</c>. Whether the certificate is believed is for the gateway to decide: it accepts the one that the grant's status records.
/// </summary>
/// <param name="Grant">The name of the grant.</param>
/// <param name="Uid">The UID of the grant.</param>
public sealed record GrantCertificate(string Grant, string Uid)
{
    private const string Prefix = "breakglass://grants/";
    private const string AlternativeNames = "2.5.29.17";
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>The URI that names the grant.</summary>
    public Uri Uri => new($"{Prefix}{Grant}/{Uid}");

    /// <summary>Reads the grant from a certificate; null if it names none, or more than one.</summary>
    /// <param name="certificate">Any certificate.</param>
    public static GrantCertificate? Read(X509Certificate2 certificate)
    {
        if (certificate.Extensions.FirstOrDefault(e => e.Oid?.Value == AlternativeNames) is not { } names) return null;
        try
        {
            GrantCertificate? found = null;
            var reader = new AsnReader(names.RawData, AsnEncodingRules.DER).ReadSequence();
            while (reader.HasData)
            {
                if (!reader.PeekTag().HasSameClassAndValue(UriTag))
                {
                    reader.ReadEncodedValue();
                    continue;
                }

                if (found is not null || Parse(reader.ReadCharacterString(UniversalTagNumber.IA5String, UriTag)) is not { } read) return null;
                found = read;
            }

            return found;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return null;
        }
    }

    private static GrantCertificate? Parse(string uri) =>
        uri.StartsWith(Prefix, StringComparison.Ordinal) && uri[Prefix.Length..].Split('/') is [{ Length: > 0 } grant, { Length: > 0 } uid]
            ? new(grant, uid) : null;
}
