namespace Kube.Runtime;

/// <summary>The API server's data is older than it was. The process must end, and start with what is there now.</summary>
/// <param name="message">What happened.</param>
public sealed class HistoryRewoundException(string message) : Exception(message);
