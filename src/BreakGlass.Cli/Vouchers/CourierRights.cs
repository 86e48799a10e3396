namespace BreakGlass.Cli.Vouchers;

/// <summary>
/// Whether a courier can do what it is for. A kit is opened when it is too late to repair it, so a missing role binding is reported when it is made.
/// </summary>
internal static class CourierRights
{
    /// <summary>Says so if the courier cannot create grants; says nothing if the caller may not ask.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="host">Where it is said.</param>
    /// <param name="user">The courier's user name.</param>
    /// <param name="groups">The courier's groups.</param>
    /// <param name="subject">The option of <c>kubectl create clusterrolebinding</c> that names the courier.</param>
    /// <param name="cancellationToken">Cancels the question.</param>
    public static async Task CheckAsync(
        ConnectedCluster cluster, CliHost host, string user, IReadOnlyList<string> groups, string subject, CancellationToken cancellationToken)
    {
        var review = new V1SubjectAccessReview
        {
            Spec = new()
            {
                User = user, Groups = [.. groups],
                ResourceAttributes = new() { Verb = "create", Group = BreakGlassApi.Group, Resource = KubeKinds.Of<BreakGlassGrant>().Resource.Plural },
            },
        };
        try
        {
            if ((await cluster.Client.CreateAsync(review, cancellationToken)).Status is not { Allowed: false }) return;
            await host.SayAsync($"Note: '{user}' cannot create grants, so the kit could not be used. Bind the courier to its role: kubectl create "
                + $"clusterrolebinding NAME --clusterrole=breakglass-courier {subject}");
        }
        catch (Exception e) when (e is KubeApiException { IsForbidden: true } || Outages.IsTransient(e))
        {
            // The caller may make a kit without the right to ask about others, and the credential is there already.
        }
    }
}
