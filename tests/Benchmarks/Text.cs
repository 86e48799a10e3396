using System.Globalization;

namespace Benchmarks;

internal static class Text
{
    public static string Ms(double milliseconds) => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms");

    public static string Ratio(double ratio) => string.Create(CultureInfo.InvariantCulture, $"{ratio:0.00} ×");

    public static string Number(double number, string unit = "", int digits = 1) =>
        number.ToString(digits == 0 ? "0" : digits == 1 ? "0.0" : "0.00", CultureInfo.InvariantCulture) + (unit.Length > 0 ? " " + unit : "");
}
