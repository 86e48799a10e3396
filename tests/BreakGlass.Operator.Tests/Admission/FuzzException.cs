using System.Text;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>An input that broke something.</summary>
internal sealed class FuzzException(string what, byte[] input, Exception? inner = null)
    : Exception($"{what}\ninput (base64): {Convert.ToBase64String(input)}\n{Encoding.UTF8.GetString(input)}", inner);
