namespace BreakGlass.Core.Vouchers;

/// <summary>Which texts a voucher can contain, and how many.</summary>
internal static class VoucherText
{
    public const int MostAccess = 16;
    public const int MostNamespaces = 64;

    private const int LongestPerson = 256;

    /// <summary>The id of a voucher, and of a cluster.</summary>
    public static bool IsId(string text) =>
        text.Length is > 0 and <= Bounds.LongestVoucherId && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>The name of an object of a cluster-scoped kind of ours (RFC 1123 subdomain).</summary>
    public static bool IsName(string text) => text.Length <= Bounds.LongestName && text.Split('.').All(IsLabel);

    /// <summary>The name of a namespace, or of an access entry (RFC 1123 label).</summary>
    public static bool IsLabel(string text) =>
        text.Length is > 0 and <= 63 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && text[0] != '-' && text[^1] != '-';

    /// <summary>A user name: Kubernetes allows any; what a terminal or a person would not see is not.</summary>
    public static bool IsPerson(string text) =>
        text.Length is > 0 and <= LongestPerson && text.Trim().Length == text.Length
            && text.EnumerateRunes().All(r => Rune.GetUnicodeCategory(r) is not (UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse));

    /// <summary>The name of a key.</summary>
    public static bool IsKid(string text) => IsId(text);

    /// <summary>A duration of whole seconds that a grant can last.</summary>
    public static bool IsDuration(string text) =>
        text.Length <= 32 && GoDuration.TryParse(text, out var duration) && duration > TimeSpan.Zero && duration <= BreakGlassApi.LongestGrant
            && duration.Ticks % TimeSpan.TicksPerSecond == 0;
}
