namespace Kube.Client;

/// <summary>One statement of the API server's clock: the <c>Date</c> header of an answer, and when the request was under way.</summary>
/// <param name="Date">What the header says, in whole seconds; the server cut the fraction.</param>
/// <param name="Sent">Timestamp of this machine's monotonic clock when the request was sent.</param>
/// <param name="Received">The same when the headers had arrived. The server stamped the answer between the two.</param>
/// <param name="Skew">This machine's wall clock minus the server's, as well as one answer can tell.</param>
/// <param name="Connection">
/// The same object for all answers that came by the same connections. Behind a Service or a load balancer nothing else tells one API server
/// from another: a connection stays with one of them, and a new connection may reach another.
/// </param>
public readonly record struct ServerSample(DateTimeOffset Date, long Sent, long Received, TimeSpan Skew, object Connection);
