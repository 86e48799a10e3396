using System.Net;

namespace BreakGlass.Operator.Jobs;

/// <summary>Whether grants are no kind of this cluster any more.</summary>
internal static class InstalledKinds
{
    /// <summary>Whether the kind was uninstalled, which a list of grants that is answered with 404 may mean.</summary>
    public static async Task<bool> AreUninstalledAsync(this KubeClient client, Exception refusal, CancellationToken cancellationToken)
    {
        if (refusal is not KubeApiException { Code: HttpStatusCode.NotFound }) return false;
        try
        {
            return !await client.ServesAsync(KubeKinds.Of<BreakGlassGrant>().Resource, cancellationToken);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            return false;
        }
    }
}
