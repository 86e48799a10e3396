namespace BreakGlass.Core.Api;

/// <summary>How far the rotation of a key is. Each phase follows the one before it.</summary>
public enum RotationPhase
{
    /// <summary>The new key exists.</summary>
    NewKey,

    /// <summary>Everything that was believed rests on the new key. The old keys are accepted until the overlap is over.</summary>
    Replaced,

    /// <summary>The old keys are refused. The rotation is over.</summary>
    OldRefused,
}
