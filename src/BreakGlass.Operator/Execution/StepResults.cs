namespace BreakGlass.Operator.Execution;

/// <summary>What the client's errors are as results of a step.</summary>
internal static class StepResults
{
    public static StepResult Of(Exception error) => error is KubeApiException refusal ? Of(refusal) : new StepResult.NoAnswer(error.Message) { Cause = error };

    public static StepResult.Refusal Of(KubeApiException error) => StepResult.Of((int)error.Code, error.Status) with { Cause = error };
}
