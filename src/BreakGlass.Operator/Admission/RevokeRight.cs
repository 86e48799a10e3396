namespace BreakGlass.Operator.Admission;

/// <summary>Whether somebody may end a grant that is not their own: the virtual verb <c>revoke</c> on the grant, asked of the authorizer.</summary>
internal sealed class RevokeRight(KubeClient client, ILogger logger)
{
    /// <summary>The verb. RBAC takes any word; no request of the API server has this one.</summary>
    public const string Verb = "revoke";

    /// <summary>Asks. Where the authorizer cannot be asked the answer is yes: access that ends too early is the lesser harm.</summary>
    public async Task<bool> HasAsync(V1UserInfo user, string grant, CancellationToken cancellationToken)
    {
        var grants = KubeKinds.Of<BreakGlassGrant>().Resource;
        var review = AccessReviews.May(user, new() { Verb = Verb, Group = grants.Group, Resource = grants.Plural, Name = grant });
        try
        {
            return (await client.CreateAsync(review, cancellationToken)).Status?.Allowed is true;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            logger.RevokeRightUnknown(grant, e);
            return true;
        }
    }
}
