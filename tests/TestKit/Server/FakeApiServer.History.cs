using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>One change of an object as the server's own history has it.</summary>
/// <param name="At">When, by the server's clock.</param>
/// <param name="Revision">The revision that it made.</param>
/// <param name="Resource">Of what.</param>
/// <param name="Old">The object before; null when it was made. Shared: do not change it.</param>
/// <param name="New">The object after; null when it was removed. Shared: do not change it.</param>
public sealed record ObjectChange(DateTimeOffset At, long Revision, ResourceDefinition Resource, JsonObject? Old, JsonObject? New);

// What a test learns of every change, whoever made it, in the order in which it took effect.
public sealed partial class FakeApiServer
{
    /// <summary>
    /// Has <paramref name="observer"/> told of every change from now on, under the server's lock: it must be quick and call nothing of the server.
    /// </summary>
    public void Observe(Action<ObjectChange> observer)
    {
        lock (_store.Gate)
        {
            var others = _store.OnChange;
            _store.OnChange = change =>
            {
                observer(new(Clock.GetUtcNow(), change.Revision, change.Resource, change.Old, change.New));
                others?.Invoke(change);
            };
        }
    }
}
