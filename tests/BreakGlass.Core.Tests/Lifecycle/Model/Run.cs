using BreakGlass.Core.Lifecycle;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>One run of the model's operator: the product's own, and the token that its process holds. A crash loses both.</summary>
internal sealed class Run
{
    public GrantRun Knows { get; set; } = GrantRun.Fresh;

    public Token? Token { get; set; }
}

/// <summary>What becomes of one step.</summary>
internal enum Fault
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

/// <summary>The operator's process is gone.</summary>
internal sealed class Died : Exception;

/// <summary>The run ended before it came to rest, and is tried again.</summary>
internal sealed class BrokenOff : Exception;
