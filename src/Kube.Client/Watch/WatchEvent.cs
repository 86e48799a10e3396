namespace Kube.Client;

/// <summary>One event of a watch.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object after it.</param>
public readonly record struct WatchEvent<T>(WatchEventType Type, T Object);
