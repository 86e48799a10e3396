using BreakGlass.Gateway.Admission;

namespace BreakGlass.Gateway.Cutting;

/// <summary>What clients with certificates of one grant's name have open. Its members belong to <see cref="OpenGrants"/>, which locks it.</summary>
internal sealed class OpenGrant(string name, long now)
{
    public string Name => name;

    public HashSet<OpenRequest> Requests { get; } = [];

    public HashSet<ClientConnection> Connections { get; } = [];

    /// <summary>When a request began or ended last.</summary>
    public long LastUse { get; set; } = now;

    /// <summary>Where the grant gave access when it was looked at last.</summary>
    public IReadOnlyList<BindingRecord> Bindings { get; set; } = [];

    /// <summary>Set for the end of the grant.</summary>
    public ITimer? Alarm { get; set; }
}
