using System.Runtime.InteropServices;

namespace BreakGlass.Gateway.Recording;

/// <summary>Something that happened in a stream.</summary>
/// <param name="At">When, after the beginning of the stream.</param>
/// <param name="Channel">On which channel.</param>
/// <param name="Data">What was on it.</param>
/// <param name="Missing">How many bytes before it were not recorded.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TapedMessage(TimeSpan At, byte Channel, byte[] Data, long Missing);
