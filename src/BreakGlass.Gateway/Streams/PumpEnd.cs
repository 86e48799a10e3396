namespace BreakGlass.Gateway.Streams;

/// <summary>How one direction of a WebSocket ended.</summary>
internal enum PumpEnd
{
    /// <summary>A Close was passed on.</summary>
    Closed,

    /// <summary>The side that is read ended without a Close. What it sent before was passed on.</summary>
    Ended,

    /// <summary>The side that is written to is gone, or a message was not passed on.</summary>
    Broken,
}
