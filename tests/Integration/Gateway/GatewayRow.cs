using Xunit;

namespace Integration.Gateway;

/// <summary>One line of the table of attacks on the gateway.</summary>
/// <param name="Who">Who.</param>
/// <param name="Does">What; unique in the table.</param>
/// <param name="PlayAsync">Does it, and asserts what the attacker reads and that nothing passed.</param>
internal sealed record GatewayRow(string Who, string Does, Func<GatewayScene, Task> PlayAsync)
{
    /// <summary>Whether it needs ValidatingAdmissionPolicy, which Kubernetes has from 1.30 on.</summary>
    public bool NeedsAdmissionPolicy { get; init; }

    /// <summary>The line's name in reports.</summary>
    public string Name => $"{Who}: {Does}";

    /// <summary>The names of lines, for a theory.</summary>
    public static TheoryData<string> Names(IEnumerable<GatewayRow> rows) => [.. rows.Select(r => r.Name)];
}
