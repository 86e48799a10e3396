using BreakGlass.Core.Leftovers;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// What came of one step of a plan. The executor says what the API server answered and nothing more; what that means for the next decision
/// is in <see cref="GrantRun.After"/>. The set is closed.
/// </summary>
public abstract record StepResult
{
    private StepResult()
    {
    }

    /// <summary>The error behind a result that is not a success, for the one who has to report it; no decision reads it.</summary>
    public Exception? Cause { get; init; }

    /// <summary>What an answer other than a success is.</summary>
    /// <param name="code">The HTTP status code.</param>
    /// <param name="status">The server's answer.</param>
    public static Refusal Of(int code, Status status) => code switch
    {
        403 when status.Details?.Causes.Any(c => c.Reason == "NamespaceTerminating") is true => new NamespaceTerminating(code, status),
        403 => new Forbidden(code, status),

        // Without a reason it is not the API server's own: a proxy that answers says nothing about the object.
        404 or 409 when status.Reason is not { Length: > 0 } => new Unavailable(code, status),
        404 when status.Details?.Kind == "namespaces" => new NamespaceMissing(code, status),
        404 => new NotFound(code, status),
        409 => new Conflict(code, status),
        422 => new Invalid(code, status),
        429 or >= 500 => new Unavailable(code, status),
        _ => new Refused(code, status),
    };

    /// <summary>
    /// Whether the answer to a write of an object that exists says that it is gone. A 404 to a binding can speak of the role that it refers to.
    /// </summary>
    /// <param name="o">The object that was to be written.</param>
    public bool SaysGone(IKubernetesObject<V1ObjectMeta> o) =>
        this is NamespaceMissing || (this is NotFound notFound && !(notFound.IsOfRole && OwnedKinds.IsBinding(o)));

    /// <summary>The step was carried out.</summary>
    public abstract record Success : StepResult;

    /// <summary>Carried out, and nothing came back that the next decision does not find in the caches.</summary>
    public sealed record Done : Success;

    /// <summary>An object was written.</summary>
    /// <param name="Object">As the API server has it now.</param>
    public sealed record Written(IKubernetesObject<V1ObjectMeta> Object) : Success
    {
        /// <summary>Who else writes it, as far as its managedFields tell, if that was asked.</summary>
        public string? OtherWriter { get; init; }
    }

    /// <summary>An object that was to be removed as an orphan belongs to a grant that is there after all; nothing was done.</summary>
    public sealed record Kept : Success;

    /// <summary>A token or a certificate was issued and is held in memory.</summary>
    /// <param name="Token">What was issued, described without what is secret of it.</param>
    public sealed record Issued(IssuedToken Token) : Success;

    /// <summary>The authorizer answered.</summary>
    /// <param name="IsDenied">Whether it denies the access.</param>
    public sealed record Checked(bool IsDenied) : Success;

    /// <summary>Places were looked into.</summary>
    /// <param name="Objects">What is there.</param>
    /// <param name="Unread">Places that could not be read.</param>
    public sealed record Found(IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects, IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Unread) : Success;

    /// <summary>Authorizer and authenticator answered.</summary>
    /// <param name="Proof">What they said.</param>
    public sealed record Proven(Proof Proof) : Success;

    /// <summary>What the grant's identity left behind was listed.</summary>
    /// <param name="Leftovers">What was found.</param>
    public sealed record Listed(LeftoversSeen Leftovers) : Success;

    /// <summary>Something else stands in the place: what was to be created exists, or what was to be removed was replaced.</summary>
    /// <param name="There">What stands there; null if it was gone by the time it was read.</param>
    public sealed record Occupied(IKubernetesObject<V1ObjectMeta>? There) : StepResult;

    /// <summary>An object could not be removed.</summary>
    /// <param name="Object">As it is now: a binding may have lost its subjects.</param>
    /// <param name="Why">The refusal, or that there was no answer; null if finalizers hold it.</param>
    public sealed record Obstructed(IKubernetesObject<V1ObjectMeta> Object, StepResult? Why) : StepResult;

    /// <summary>No answer came: the connection failed or the time was over. A write may have been done.</summary>
    /// <param name="Message">What happened.</param>
    public sealed record NoAnswer(string Message) : StepResult;

    /// <summary>The operator itself lacks something that the step needs, and may have it later. Nothing was sent.</summary>
    /// <param name="Message">What it lacks, and why.</param>
    public sealed record NotReady(string Message) : StepResult;

    /// <summary>The API server, or something before it, refused.</summary>
    /// <param name="Code">The HTTP status code.</param>
    /// <param name="Status">The answer.</param>
    public abstract record Refusal(int Code, Status Status) : StepResult;

    /// <summary>Somebody else wrote or replaced the object since it was read (409).</summary>
    public sealed record Conflict(int Code, Status Status) : Refusal(Code, Status);

    /// <summary>The object is not there, or one that it depends on (404).</summary>
    public sealed record NotFound(int Code, Status Status) : Refusal(Code, Status)
    {
        /// <summary>Whether it is the role that was not found, to which a binding refers.</summary>
        public bool IsOfRole => Status.Details?.Kind is "roles" or "clusterroles";
    }

    /// <summary>RBAC, an admission rule or a quota refuses (403).</summary>
    public sealed record Forbidden(int Code, Status Status) : Refusal(Code, Status);

    /// <summary>The object breaks the schema or a validation rule (422).</summary>
    public sealed record Invalid(int Code, Status Status) : Refusal(Code, Status);

    /// <summary>The namespace is not there. A 403 counts if the rights for the namespace went with it.</summary>
    public sealed record NamespaceMissing(int Code, Status Status) : Refusal(Code, Status);

    /// <summary>The namespace is being deleted, and nothing can be made in it.</summary>
    public sealed record NamespaceTerminating(int Code, Status Status) : Refusal(Code, Status);

    /// <summary>The API server is too busy, or it or something on the way failed (429, 5xx).</summary>
    public sealed record Unavailable(int Code, Status Status) : Refusal(Code, Status);

    /// <summary>Any other refusal.</summary>
    public sealed record Refused(int Code, Status Status) : Refusal(Code, Status);
}
