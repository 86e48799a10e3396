namespace BreakGlass.Operator.Options;

/// <summary>What the process was asked to do; the help says what each command is for.</summary>
internal enum OperatorCommand
{
    Run,
    Reap,
    RevokeAll,
    ForwardAudit,
    Gateway,
    Version,
    Help,
}
