namespace Kube.Runtime;

/// <summary>
/// The lease is lost and the leader's work does not end. The same may go on elsewhere at any moment, so the process must end at once and not with
/// exit code 0.
/// </summary>
/// <param name="message">What happened.</param>
public sealed class LeadershipLostException(string message) : Exception(message);
