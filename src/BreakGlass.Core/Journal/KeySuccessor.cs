namespace BreakGlass.Core.Journal;

/// <summary>A key of a journal that follows another one, as a key that is trusted has signed.</summary>
/// <param name="Index">The entry of the journal that says so.</param>
/// <param name="Before">The id of the key that was replaced: eight hexadecimal digits.</param>
/// <param name="Id">The id of the key that follows it.</param>
/// <param name="Key">The public key, as a line for a file with public keys.</param>
public sealed record KeySuccessor(long Index, string Before, string Id, string Key);
