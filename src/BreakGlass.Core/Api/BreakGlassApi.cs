using System.Text.Json.Serialization.Metadata;

namespace BreakGlass.Core.Api;

/// <summary>Names of the API that manifests, dashboards and scripts outside this repository rely on.</summary>
public static class BreakGlassApi
{
    /// <summary>The API group.</summary>
    public const string Group = "breakglass.dev";

    /// <summary>The version served.</summary>
    public const string Version = "v1alpha1";

    /// <summary>Group and version.</summary>
    public const string ApiVersion = Group + "/" + Version;

    /// <summary>The category of all kinds: <c>kubectl get breakglass</c>.</summary>
    public const string Category = "breakglass";

    /// <summary>On a grant while access exists or may exist; on a policy while one of its grants has it.</summary>
    public const string RevokeFinalizer = Group + "/revoke";

    /// <summary>Label: the grant that an object was made for.</summary>
    public const string GrantLabel = Group + "/grant";

    /// <summary>Label: the policy of that grant.</summary>
    public const string PolicyLabel = Group + "/policy";

    /// <summary>Label that says who manages an object.</summary>
    public const string ManagedByLabel = "app.kubernetes.io/managed-by";

    /// <summary>Value of <see cref="ManagedByLabel"/> on everything the operator makes.</summary>
    public const string ManagedBy = "breakglass-operator";

    /// <summary>Annotation: when the object must be gone, RFC 3339. The reaper goes by it alone.</summary>
    public const string ExpiresAtAnnotation = Group + "/expires-at";

    /// <summary>Annotation: UID of the grant, so that a namesake is never taken for it.</summary>
    public const string GrantUidAnnotation = Group + "/grant-uid";

    /// <summary>Annotation on a grant whose access was given and is over: it never opens again, whatever its status says.</summary>
    public const string EndedAnnotation = Group + "/ended";

    /// <summary>Annotation on a policy: the user name of the person who last wrote its spec, as admission saw it.</summary>
    public const string AuthorAnnotation = Group + "/author";

    /// <summary>Label: UID of the grant whose identity created the object. No grant's identity can change it.</summary>
    public const string MadeByLabel = Group + "/made-by";

    /// <summary>Key of a requester's <c>extra</c>: the id of the voucher that names the requester. Admission sets it.</summary>
    public const string VoucherExtra = Group + "/voucher";

    /// <summary>Key of a requester's <c>extra</c>: the UID of the user who presented the voucher. Admission sets it.</summary>
    public const string PresenterUidExtra = Group + "/presenter-uid";

    /// <summary>Key of a requester's <c>extra</c>: the claims that say who presented the voucher, across user names. Admission sets it.</summary>
    public const string PresenterPersonExtra = Group + "/presenter-person";

    /// <summary>Label on the grant of a drill: the drill's name. Only the operator's own drill identity can set it.</summary>
    public const string DrillLabel = Group + "/drill";

    /// <summary>Annotation on a drill: a new value has the operator run the drill now. <c>ID hold=DURATION</c> has the run keep access open.</summary>
    public const string RunDrillAnnotation = Group + "/run-drill";

    /// <summary>The type of credential Secrets.</summary>
    public const string CredentialSecretType = Group + "/credential";

    /// <summary>The longest a policy may give access for.</summary>
    public static readonly TimeSpan LongestGrant = GoDuration.Parse(Bounds.LongestGrant);

    internal static JsonTypeInfo<T> Json<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    private static readonly JsonSerializerOptions Options = KubeJson.WithKubernetesHabits(BreakGlassJsonContext.Default);
}
