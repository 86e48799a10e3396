using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BreakGlass.Core.Credentials;

/// <summary>The URIs in a certificate's subject alternative names (RFC 5280, 4.2.1.6), which .NET does not read.</summary>
internal static class CertificateUris
{
    private const string AlternativeNames = "2.5.29.17";
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>All of them; empty if there are none, or the extension cannot be read.</summary>
    public static IReadOnlyList<string> Of(X509Certificate2 certificate)
    {
        if (certificate.Extensions.FirstOrDefault(e => e.Oid?.Value == AlternativeNames) is not { } names) return [];
        try
        {
            List<string> found = [];
            var reader = new AsnReader(names.RawData, AsnEncodingRules.DER).ReadSequence();
            while (reader.HasData)
            {
                if (reader.PeekTag().HasSameClassAndValue(UriTag)) found.Add(reader.ReadCharacterString(UniversalTagNumber.IA5String, UriTag));
                else reader.ReadEncodedValue();
            }

            return found;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return [];
        }
    }
}
