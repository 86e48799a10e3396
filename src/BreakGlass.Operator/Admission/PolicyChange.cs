namespace BreakGlass.Operator.Admission;

/// <summary>What a write of a policy asks of its author. Pure.</summary>
internal enum PolicyChange
{
    /// <summary>Nothing: the policy's seal, or its lack of one, stays what it is.</summary>
    Keeps,

    /// <summary>Nothing, and the policy is sealed as before: it gives no more than it did.</summary>
    Reseals,

    /// <summary>The right to hand out all that the policy hands out.</summary>
    NeedsRights,
}
