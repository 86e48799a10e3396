namespace Kube.Runtime;

/// <summary>
/// Whether stores look for changes of what they hold. The models can be written to, and a store hands out the objects it holds: code that changes one
/// instead of a copy changes it for all readers. Named like client-go's detector. It compares an object when it is replaced or removed, and all of them when
/// the informer stops; it is for debug builds and tests, because it keeps each object a second time, as JSON.
/// </summary>
public static class MutationDetection
{
    /// <summary>The environment variable that turns it on (<c>true</c>) or off (<c>false</c>).</summary>
    public const string Variable = "KUBE_CACHE_MUTATION_DETECTOR";

    /// <summary>
    /// The AppContext switch that counts if the variable is not set. It is for one program (in its runtimeconfig.json): processes that it starts do not
    /// inherit it.
    /// </summary>
    public const string Switch = "Kube.Runtime.CacheMutationDetector";

#if DEBUG
    private const bool ByDefault = true;
#else
    private const bool ByDefault = false;
#endif

    /// <summary>Whether stores that are made from now on look for changes.</summary>
    public static bool IsOn { get; set; } = Environment.GetEnvironmentVariable(Variable) switch
    {
        "1" or "t" or "T" or "true" or "True" or "TRUE" => true,
        "0" or "f" or "F" or "false" or "False" or "FALSE" => false,
        _ => AppContext.TryGetSwitch(Switch, out var on) ? on : ByDefault,
    };
}
