namespace TestKit;

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
