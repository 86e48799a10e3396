using System.Net;
using Amazon.Runtime;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// Why a bucket could not be read or written, and what to do about it. What the service says in its own words is not shown, only its code, which has no
/// secret.
/// </summary>
internal static class BucketFailure
{
    /// <summary>The code for a bucket that does not exist.</summary>
    public const string NoBucket = "NoSuchBucket";

    /// <summary>The end of a sentence.</summary>
    public static string Of(Exception e, BucketSettings settings)
    {
        var bucket = $"the bucket {settings.Bucket}";
        return e switch
        {
            AmazonServiceException { ErrorCode: NoBucket } =>
                $"{bucket} does not exist. Create it, or correct --journal-bucket (BREAKGLASS_JOURNAL_BUCKET)",
            AmazonServiceException { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } s =>
                $"{bucket} refuses the operator ({s.ErrorCode}). Check the credentials, and that they allow s3:GetObject, s3:PutObject and s3:ListBucket"
                    + (settings.Retention is null ? "" : ", and s3:PutObjectRetention"),
            AmazonServiceException { StatusCode: HttpStatusCode.Moved or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect }
                or AmazonServiceException { ErrorCode: "AuthorizationHeaderMalformed" } =>
                $"{bucket} is in another region. Correct --journal-bucket-region (BREAKGLASS_JOURNAL_BUCKET_REGION)",
            AmazonServiceException { StatusCode: HttpStatusCode.NotImplemented } =>
                $"the service of {bucket} does not have what the journal needs, for example conditional writes (If-None-Match). Use another service, or a "
                    + "directory",
            AmazonServiceException { StatusCode: HttpStatusCode.BadRequest } s when settings.Retention is not null =>
                $"{bucket} refuses a file with a retention ({s.ErrorCode}). Create the bucket with Object Lock, or remove --journal-bucket-retention "
                    + "(BREAKGLASS_JOURNAL_BUCKET_RETENTION)",
            AmazonServiceException { StatusCode: HttpStatusCode.Conflict } =>
                $"{bucket} reports a conflict again and again; somebody else writes the same file",
            AmazonServiceException { StatusCode: HttpStatusCode.ServiceUnavailable } s => $"{bucket} is busy or unavailable ({s.ErrorCode})",
            AmazonServiceException s when (int)s.StatusCode > 0 => $"{bucket} answers {(int)s.StatusCode} ({s.ErrorCode})",
            AmazonClientException c when c.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) =>
                $"{bucket} cannot be used: there are no AWS credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                + "AWS_SHARED_CREDENTIALS_FILE, or give the operator's service account a role",
            AmazonClientException => $"{bucket} gives an answer that cannot be used; its content does not fit its hash, or was cut off",
            _ => $"{bucket} cannot be reached ({e.GetType().Name}). Check --journal-bucket-endpoint (BREAKGLASS_JOURNAL_BUCKET_ENDPOINT) and the network",
        };
    }
}
