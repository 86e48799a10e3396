using System.Runtime.ExceptionServices;

namespace BreakGlass.Operator.Hosting;

/// <summary>
/// Ends the process at once when memory runs out anywhere in it. Code that caught that exception would go on with a cache that is never whole again,
/// and revocation would wait for ever; a restart reads everything again, and meanwhile another replica leads.
/// </summary>
internal static class OutOfMemory
{
    // Made beforehand: there may be no memory for it when it is needed.
    private const string LastWords =
        "breakglass-operator ran out of memory and exits with code 134, so that it restarts with complete caches. "
        + "If this happens again, raise the container's memory limit; docs/limits.md lists how much memory the operator needs.";

    /// <summary>From now on. Even an exception that is caught ends the process.</summary>
    public static void EndsTheProcess() => AppDomain.CurrentDomain.FirstChanceException += End;

    private static void End(object? sender, FirstChanceExceptionEventArgs e)
    {
        if (e.Exception is OutOfMemoryException) Environment.FailFast(LastWords);
    }
}
