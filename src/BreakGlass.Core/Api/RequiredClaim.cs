using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A key of the requester's <c>userInfo.extra</c> that must have one of the values.</summary>
public sealed record RequiredClaim
{
    /// <summary>The key in userInfo.extra.</summary>
    [Required, Length(1, 253)]
    public string Key { get; init => field = value ?? ""; } = "";

    /// <summary>The accepted values. One of them is enough.</summary>
    [Required, Items(1, 32), ItemLength(1024)]
    public IReadOnlyList<string> Values { get; init => field = value ?? []; } = [];
}
