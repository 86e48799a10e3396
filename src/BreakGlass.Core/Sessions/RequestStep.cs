namespace BreakGlass.Core.Sessions;

/// <summary>What an event says of its request that was not known before.</summary>
public enum RequestStep
{
    /// <summary>Nothing: the request only arrived, or the event was here before.</summary>
    Known,

    /// <summary>A request that has ended.</summary>
    Done,

    /// <summary>A request whose answer goes on: a stream.</summary>
    Opened,

    /// <summary>The end of a stream that was counted when it began.</summary>
    Closed,

    /// <summary>The end of a stream that another replica counted when it began.</summary>
    ClosedElsewhere,
}
