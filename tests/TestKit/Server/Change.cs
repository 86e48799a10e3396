using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>One change: <c>Old</c> is null when the object was made, <c>New</c> when it was removed.</summary>
internal sealed record Change(long Revision, ResourceDefinition Resource, StoreKey Key, JsonObject? Old, JsonObject? New);
