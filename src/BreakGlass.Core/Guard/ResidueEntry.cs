namespace BreakGlass.Core.Guard;

/// <summary>One thing that a grant's identity did or tried, as it is written down.</summary>
/// <param name="Text">By name, e.g. <c>refused rbac: create rolebindings.rbac.authorization.k8s.io payments/mine</c>.</param>
/// <param name="Kind">Without the name: how it is counted once too many stand there by name.</param>
/// <param name="Way">The way alone: how it is counted once there are too many kinds as well.</param>
public sealed record ResidueEntry(string Text, string Kind, string Way)
{
    /// <summary>Whether it still has its name.</summary>
    public bool IsNamed => Text != Kind;

    /// <summary>The same without its name.</summary>
    public ResidueEntry ByKind => this with { Text = Kind };

    /// <summary>The same with nothing but its way.</summary>
    public ResidueEntry ByWay => this with { Text = Way, Kind = Way };
}
