namespace BreakGlass.Core.Sealing;

/// <summary>A key that seals are made with. Its text form never shows the secret.</summary>
/// <param name="Id">Stands in the seal, so that the key is found again: lower-case letters and digits.</param>
/// <param name="CreatedAt">When it was made; whole seconds.</param>
/// <param name="Secret">32 random bytes.</param>
public sealed record SealKey(string Id, DateTimeOffset CreatedAt, ReadOnlyMemory<byte> Secret)
{
    /// <summary>Bytes of a secret.</summary>
    public const int SecretBytes = 32;

    /// <inheritdoc/>
    public override string ToString() => $"SealKey {Id} of {CreatedAt:u}";
}
