namespace BreakGlass.Core.Lifecycle;

/// <summary>A place where access that was decided is not there.</summary>
/// <param name="Record">Its record.</param>
/// <param name="Why">Why not.</param>
/// <param name="Cause">CamelCase.</param>
/// <param name="IsFinal">Whether another try is in vain.</param>
internal sealed record Gap(BindingRecord Record, string Why, string Cause, bool IsFinal);
