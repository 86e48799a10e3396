namespace Kube.Client;

/// <summary>Whether a credential plugin may ask a person something.</summary>
public enum InteractiveMode
{
    /// <summary>It never reads standard input.</summary>
    Never,

    /// <summary>It does where there is a terminal.</summary>
    IfAvailable,

    /// <summary>It cannot work without a terminal.</summary>
    Always,
}
