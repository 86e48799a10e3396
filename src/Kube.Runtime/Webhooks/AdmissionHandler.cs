namespace Kube.Runtime;

/// <summary>Decides on one write. An exception it lets out is answered as a refusal, counted and logged; the process goes on.</summary>
/// <param name="request">The write; its uid and user are there.</param>
/// <param name="cancellationToken">Cancelled when the API server has stopped waiting.</param>
public delegate ValueTask<AdmissionAnswer> AdmissionHandler(AdmissionRequest request, CancellationToken cancellationToken);
