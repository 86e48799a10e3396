using Amazon;
using Amazon.Runtime;
using Amazon.SecurityToken;
using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// The credentials of an IAM role for the operator's service account: AWS's security token service exchanges the pod's projected token for them
/// (https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html). The SDK's own class for this finds the service's client by
/// reflection, which a trimmed file does not have.
/// </summary>
/// <param name="service">The security token service, asked without other credentials.</param>
/// <param name="role">The ARN of the role.</param>
/// <param name="tokenFile">The file with the pod's token, which the kubelet replaces before it expires.</param>
/// <param name="session">What AWS's own logs call the operator.</param>
internal sealed class WebRoleCredentials(IAmazonSecurityTokenService service, string role, string tokenFile, string session)
    : RefreshingAWSCredentials
{
    private const string Role = "AWS_ROLE_ARN";
    private const string Token = "AWS_WEB_IDENTITY_TOKEN_FILE";
    private const string Key = "AWS_ACCESS_KEY_ID";
    private const string Session = "AWS_ROLE_SESSION_NAME";
    private const string Region = "AWS_REGION";

    /// <summary>How long before their end credentials are replaced.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);

    /// <summary>The credentials that the variables of EKS's pod identity webhook name; null if they are not set, or if a key is, which comes first.</summary>
    public static WebRoleCredentials? FromEnvironment(Func<string, string?> variable, BucketSettings settings)
    {
        if (variable(Key) is { Length: > 0 } || variable(Role) is not { Length: > 0 } role || variable(Token) is not { Length: > 0 } file) return null;
        var config = new AmazonSecurityTokenServiceConfig { MaxErrorRetry = 2, Timeout = BucketStorage.Limit };

        // A bucket of another service says nothing about where the role is.
        if ((variable(Region) ?? (settings.Endpoint is null ? settings.Region : null)) is { Length: > 0 } region)
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        return new(new AmazonSecurityTokenServiceClient(new AnonymousAWSCredentials(), config), role, file,
            variable(Session) is { Length: > 0 } session ? session : BreakGlassApi.ManagedBy) { PreemptExpiryTime = Ahead };
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) service.Dispose();
        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    /// <exception cref="JournalException">The service does not give the role, or the token cannot be read.</exception>
    protected override async Task<CredentialsRefreshState> GenerateNewCredentialsAsync()
    {
        try
        {
            var token = (await File.ReadAllTextAsync(tokenFile)).Trim();
            var answer = await service.AssumeRoleWithWebIdentityAsync(new() { RoleArn = role, RoleSessionName = session, WebIdentityToken = token });
            var given = answer.Credentials;
            return new(given.GetCredentials(), given.Expiration ?? DateTime.UnixEpoch);
        }
        catch (AmazonServiceException e)
        {
            throw new JournalException($"AWS does not give the operator the role {role} ({e.ErrorCode}). Check that the role's trust policy names the "
                + "cluster's OIDC provider and the operator's service account");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JournalException(
                $"the token in {Token} ({tokenFile}) cannot be read ({e.GetType().Name}), so the operator does not get the role {role}");
        }
        catch (Exception e) when (e is AmazonClientException or HttpRequestException)
        {
            throw new JournalException($"AWS's security token service cannot be reached ({e.GetType().Name}), so the operator does not get the role {role}");
        }
    }
}
