namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>What becomes of one step.</summary>
internal enum StepFault
{
    /// <summary>It is done, and the answer says so.</summary>
    None,

    /// <summary>The server answers 500 and has done nothing.</summary>
    Refused,

    /// <summary>It is done, and the answer is lost.</summary>
    AnswerLost,

    /// <summary>The operator dies before it.</summary>
    DiesBefore,

    /// <summary>The operator dies right after it.</summary>
    DiesAfter,
}
