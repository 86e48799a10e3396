namespace BreakGlass.Core.Model;

#pragma warning disable CS1591 // The names are what a person reads; docs/concepts.md explains each.

/// <summary>The conditions of a lockdown and their reasons. Engaged is both.</summary>
public static class LockdownConditions
{
    public const string Engaged = "Engaged", Complete = "Complete", Revoking = "Revoking", AllProven = "AllProven";
}
