using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>One change of an object as the server's own history has it.</summary>
/// <param name="At">When, by the server's clock.</param>
/// <param name="Revision">The revision that it made.</param>
/// <param name="Resource">Of what.</param>
/// <param name="Old">The object before; null when it was made. Shared: do not change it.</param>
/// <param name="New">The object after; null when it was removed. Shared: do not change it.</param>
public sealed record ObjectChange(DateTimeOffset At, long Revision, ResourceDefinition Resource, JsonObject? Old, JsonObject? New);
