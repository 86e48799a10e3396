namespace BreakGlass.Core.Messages;

/// <summary>What an answer of the API server means for the object that was to be made.</summary>
public enum AnswerClass
{
    /// <summary>The next try gets the same answer.</summary>
    Final,

    /// <summary>The next try may succeed.</summary>
    Retry,
}
