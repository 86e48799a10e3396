namespace BreakGlass.Gateway.Recording;

/// <summary>A part of a recording, as it is stored.</summary>
/// <param name="Number">Its number, from 0.</param>
/// <param name="Content">The bytes: a gzip file.</param>
/// <param name="EndsAfter">When it ends, after the beginning of the stream.</param>
/// <param name="Missing">How many bytes before it were not recorded.</param>
/// <param name="IsLast">Whether the stream ends with it.</param>
internal sealed record CastPart(int Number, byte[] Content, TimeSpan EndsAfter, long Missing, bool IsLast);
