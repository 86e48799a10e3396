using System.Runtime.InteropServices;

namespace BreakGlass.Gateway.Streams;

/// <summary>Where the last words of a stream go.</summary>
/// <param name="Line">The channel of the line for a person; null for none.</param>
/// <param name="HasStatus">Whether the error channel takes a Status.</param>
/// <param name="IsText">Whether messages are text, in Base64.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LastWordsPlaces(byte? Line, bool HasStatus, bool IsText);
