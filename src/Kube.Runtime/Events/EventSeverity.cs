namespace Kube.Runtime;

/// <summary>Whether an event is news or a warning.</summary>
public enum EventSeverity
{
    /// <summary>Things go as they should.</summary>
    Normal,

    /// <summary>Somebody should look.</summary>
    Warning,
}
