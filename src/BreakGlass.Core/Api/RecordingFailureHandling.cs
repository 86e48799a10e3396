namespace BreakGlass.Core.Api;

/// <summary>What follows if the gateway cannot record what its policy asks for.</summary>
public enum RecordingFailureHandling
{
    /// <summary>The session goes on. What is missing is counted and reported.</summary>
    Continue,

    /// <summary>The gateway closes what is not recorded and accepts no further request of the grant until recording works again.</summary>
    End,
}
