namespace Kube.Runtime;

/// <summary>How long the API server waits for the answer to a review. It says so in the URL; the review itself says nothing of it.</summary>
/// <param name="Timeout">
/// The parameter <c>timeout</c> as it was sent, a duration in Go's notation, e.g. <c>5s</c>: the webhook's <c>timeoutSeconds</c>, or what is left of the
/// API server's own request, rounded up to a second. Null if there was none.
/// </param>
/// <param name="Spent">What of it was over when the handler was asked: the body was read, and had waited for memory and a processor.</param>
public sealed record AdmissionWait(string? Timeout, TimeSpan Spent);
