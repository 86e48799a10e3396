using FsCheck;
using FsCheck.Fluent;

namespace Kube.Runtime.Tests;

/// <summary>Properties over random sequences of steps.</summary>
internal static class Steps
{
    /// <summary>Runs random sequences; one that fails is cut down to what it needs to fail, and shown whole.</summary>
    public static void Check<T>(Gen<T> step, int tests, Func<IReadOnlyList<T>, bool> holds) =>
        Prop.ForAll(step.ListOf().ToArbitrary(), sequence => Holds([.. sequence], holds)).Check(Config.QuickThrowOnFailure.WithMaxTest(tests));

    private static bool Holds<T>(List<T> steps, Func<IReadOnlyList<T>, bool> holds)
    {
        if (holds(steps)) return true;
        for (var i = 0; i < steps.Count;)
        {
            List<T> without = [.. steps];
            without.RemoveAt(i);
            if (holds(without))
            {
                i++;
            }
            else
            {
                steps = without;
                i = 0;
            }
        }

        throw new InvalidOperationException("it does not hold for:\n" + string.Join('\n', steps));
    }
}
