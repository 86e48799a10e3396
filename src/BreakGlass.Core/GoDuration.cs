using System.Buffers;

namespace BreakGlass.Core;

/// <summary>
/// Durations as Kubernetes users write them: Go's <c>time.ParseDuration</c> notation (<c>30m</c>, <c>1h30m</c>, <c>1.5s</c>),
/// without a sign, since no duration of ours can be negative.
/// </summary>
public static class GoDuration
{
    /// <summary>The notation as a pattern for schemas; days and weeks are left out as Go leaves them out.</summary>
    public const string Pattern = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$";

    private static readonly SearchValues<char> Numeric = SearchValues.Create("0123456789.");

    private static readonly (string Name, long Nanoseconds)[] Units =
    [
        ("ns", 1), ("us", 1_000), ("\u00b5s", 1_000), ("\u03bcs", 1_000), ("ms", 1_000_000),
        ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ];

    /// <summary>
    /// Reads a duration. Refused: nothing, a sign, a number without a unit (but <c>0</c>), an unknown unit, spaces, and what does not
    /// fit Go's 64 bits of nanoseconds (a little over 292 years). What is finer than 100 ns is cut off.
    /// </summary>
    /// <param name="text">The text; null is refused.</param>
    /// <param name="duration">The duration, zero where the text is refused.</param>
    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (string.IsNullOrEmpty(text)) return false;
        if (text == "0") return true;

        long total = 0;
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            if (!TryReadPart(ref rest, out var part) || part > long.MaxValue - total) return false;
            total += part;
        }

        duration = TimeSpan.FromTicks(total / TimeSpan.NanosecondsPerTick);
        return true;
    }

    /// <summary>Reads a duration that is written in the code.</summary>
    /// <exception cref="FormatException">The text is not a duration.</exception>
    public static TimeSpan Parse(string text) => TryParse(text, out var duration) ? duration : throw new FormatException($"'{text}' is not a valid duration");

    /// <summary>
    /// Writes a duration as users write it: the parts that are not zero, e.g. <c>30m</c>, <c>1h30m</c>, <c>45s</c>, <c>1.5s</c>,
    /// <c>250ms</c>; <c>0s</c> for zero. <see cref="TryParse"/> reads it back, but for the leading <c>-</c> of a negative one.
    /// </summary>
    /// <param name="duration">Any duration.</param>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero) return "0s";
        var sign = duration < TimeSpan.Zero ? "-" : "";
        var ticks = duration < TimeSpan.Zero ? unchecked((ulong)-duration.Ticks) : (ulong)duration.Ticks;

        if (ticks < TimeSpan.TicksPerMillisecond) return sign + Decimal(ticks, TimeSpan.TicksPerMicrosecond, fractionDigits: 1) + "us";
        if (ticks < TimeSpan.TicksPerSecond) return sign + Decimal(ticks, TimeSpan.TicksPerMillisecond, fractionDigits: 4) + "ms";

        var (hours, afterHours) = Math.DivRem(ticks, (ulong)TimeSpan.TicksPerHour);
        var (minutes, seconds) = Math.DivRem(afterHours, (ulong)TimeSpan.TicksPerMinute);
        var text = new StringBuilder(sign);
        if (hours > 0) text.Append(CultureInfo.InvariantCulture, $"{hours}h");
        if (minutes > 0) text.Append(CultureInfo.InvariantCulture, $"{minutes}m");
        if (seconds > 0) text.Append(Decimal(seconds, TimeSpan.TicksPerSecond, fractionDigits: 7)).Append('s');
        return text.ToString();
    }

    private static string Decimal(ulong ticks, long ticksPerUnit, int fractionDigits)
    {
        var (whole, rest) = Math.DivRem(ticks, (ulong)ticksPerUnit);
        var digits = whole.ToString(CultureInfo.InvariantCulture);
        return rest == 0 ? digits : $"{digits}.{rest.ToString(CultureInfo.InvariantCulture).PadLeft(fractionDigits, '0').TrimEnd('0')}";
    }

    private static bool TryReadPart(scoped ref ReadOnlySpan<char> rest, out long nanoseconds)
    {
        nanoseconds = 0;
        var whole = TakeDigits(ref rest);
        ReadOnlySpan<char> fraction = "";
        if (rest.Length > 0 && rest[0] == '.')
        {
            rest = rest[1..];
            fraction = TakeDigits(ref rest);
        }

        if (whole.IsEmpty && fraction.IsEmpty) return false;

        var unitLength = rest.IndexOfAny(Numeric);
        var unit = unitLength < 0 ? rest : rest[..unitLength];
        rest = rest[unit.Length..];
        foreach (var (name, size) in Units)
        {
            if (unit.SequenceEqual(name)) return TryScale(whole, fraction, size, out nanoseconds);
        }

        return false;
    }

    private static ReadOnlySpan<char> TakeDigits(scoped ref ReadOnlySpan<char> rest)
    {
        var length = rest.IndexOfAnyExceptInRange('0', '9');
        var digits = length < 0 ? rest : rest[..length];
        rest = rest[digits.Length..];
        return digits;
    }

    private static bool TryScale(ReadOnlySpan<char> whole, ReadOnlySpan<char> fraction, long unit, out long nanoseconds)
    {
        nanoseconds = 0;
        long wholeValue = 0;
        if (!whole.IsEmpty && !long.TryParse(whole, NumberStyles.None, CultureInfo.InvariantCulture, out wholeValue)) return false;

        // 18 digits fit 64 bits; those after them are far below a nanosecond and are passed over, as Go does.
        if (fraction.Length > 18) fraction = fraction[..18];
        Int128 part = 0;
        if (!fraction.IsEmpty) part = Int128.Parse(fraction, NumberStyles.None, CultureInfo.InvariantCulture) * unit;
        for (var i = 0; i < fraction.Length; i++) part /= 10;

        var sum = ((Int128)wholeValue * unit) + part;
        if (sum > long.MaxValue) return false;
        nanoseconds = (long)sum;
        return true;
    }
}
