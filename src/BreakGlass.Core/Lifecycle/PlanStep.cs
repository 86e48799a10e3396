namespace BreakGlass.Core.Lifecycle;

/// <summary>One thing to do. What its result means for the next plan is in <see cref="GrantRun.After"/>.</summary>
public abstract record PlanStep
{
    /// <summary>Whether the step may be given up once the grant has to end: it opens or keeps access, or only prepares for that.</summary>
    public virtual bool IsUpkeep => true;

    /// <summary>Whether the step changes nothing in the cluster, so that it may rest on what caches show.</summary>
    public virtual bool OnlyLooks => false;

    /// <summary>Write the grant's status, if no other client wrote the grant since; then announce what happened.</summary>
    /// <param name="Status">The whole status.</param>
    /// <param name="Events">What happened with it.</param>
    public sealed record WriteStatus(GrantStatus Status, params GrantEvent[] Events) : PlanStep
    {
        /// <inheritdoc/>
        public override bool IsUpkeep => false;
    }

    /// <summary>
    /// Take a place under the policy's limits: write the policy's status under the resourceVersion of the very policy that was judged. Where somebody
    /// else wrote the policy since (409), read it again and decide again; the place may be gone.
    /// </summary>
    /// <param name="Policy">The policy that was judged.</param>
    /// <param name="Status">Its whole status, with the place taken.</param>
    public sealed record Reserve(BreakGlassPolicy Policy, PolicyStatus Status) : PlanStep;

    /// <summary>
    /// Use a voucher: write the authority's status with the use under the resourceVersion of the very authority that was judged. If another client wrote the
    /// authority since (409), read it again and decide again; the voucher may be used.
    /// </summary>
    /// <param name="Authority">The authority that was judged.</param>
    /// <param name="Status">Its whole status, with the use.</param>
    /// <param name="Events">What happened to the authority with it.</param>
    public sealed record Redeem(BreakGlassAuthority Authority, AuthorityStatus Status, params GrantEvent[] Events) : PlanStep;

    /// <summary>Have the journal contain all transitions of the grant's status, under a signed checkpoint. Access waits for it.</summary>
    public sealed record WriteJournal : PlanStep;

    /// <summary>Keep the grant from vanishing while access exists.</summary>
    public sealed record AddFinalizer : PlanStep;

    /// <summary>Let the grant go, and mark it as one that is over: by the mark it is known even where its status is wiped.</summary>
    public sealed record DropFinalizer : PlanStep
    {
        /// <inheritdoc/>
        public override bool IsUpkeep => false;
    }

    /// <summary>Read policy, roles and namespaces from the server itself.</summary>
    /// <param name="WithLockdowns">Whether to read the lockdowns, too: a denial for a lockdown that was lifted since would be for good.</param>
    public sealed record Refresh(bool WithLockdowns = false) : PlanStep
    {
        /// <inheritdoc/>
        public override bool OnlyLooks => true;
    }

    /// <summary>
    /// Read other grants of the policy from the server itself: whether this one may open hangs on them, and the cache of grants may be behind that of the
    /// policy, which names them.
    /// </summary>
    /// <param name="Names">Their names.</param>
    /// <param name="PolicyVersion">The resourceVersion of the policy that named them.</param>
    public sealed record ReadSiblings(IReadOnlyList<string> Names, string PolicyVersion) : PlanStep
    {
        /// <inheritdoc/>
        public override bool OnlyLooks => true;
    }

    /// <summary>Look for recorded objects by name: one whose labels were stripped is in no cache.</summary>
    /// <param name="Places">Stand-ins: kind, namespace and name.</param>
    public sealed record Find(IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Places) : PlanStep
    {
        /// <inheritdoc/>
        public override bool OnlyLooks => true;
    }

    /// <summary>Announce something that changes no status.</summary>
    /// <param name="Event">The event.</param>
    public sealed record Announce(GrantEvent Event) : PlanStep
    {
        /// <inheritdoc/>
        public override bool OnlyLooks => true;
    }

    /// <summary>Create an object.</summary>
    /// <param name="Object">The object.</param>
    /// <param name="IsRepair">It was there before and somebody deleted it.</param>
    public sealed record Create(IKubernetesObject<V1ObjectMeta> Object, bool IsRepair) : PlanStep;

    /// <summary>Put an object of ours right in place.</summary>
    /// <param name="Desired">As it should be.</param>
    /// <param name="Uid">UID of the one that is there.</param>
    public sealed record Repair(IKubernetesObject<V1ObjectMeta> Desired, string Uid) : PlanStep
    {
        /// <summary>How the object differs.</summary>
        public Drift Drift { get; init; } = Drift.Repair;

        /// <summary>Whether to find out who else writes the object: it shows only before the repair, and is needed before the object is left alone.</summary>
        public bool AsksWho { get; init; }
    }

    /// <summary>Delete an object of ours, by UID.</summary>
    /// <param name="Object">The object.</param>
    /// <param name="Why">Why.</param>
    public sealed record Remove(IKubernetesObject<V1ObjectMeta> Object, Removal Why) : PlanStep
    {
        /// <inheritdoc/>
        public override bool IsUpkeep => Why is not Removal.Revocation;
    }

    /// <summary>Have a token issued, bound to the credential Secret.</summary>
    /// <param name="ServiceAccount">Whose token.</param>
    /// <param name="Secret">The Secret it dies with.</param>
    /// <param name="Lifetime">Its life, at least 10 minutes.</param>
    public sealed record IssueToken(IKubernetesObject<V1ObjectMeta> ServiceAccount, IKubernetesObject<V1ObjectMeta> Secret, TimeSpan Lifetime) : PlanStep;

    /// <summary>Issue a client certificate for the gateway: for the recipient's key if there is one, else for a new key.</summary>
    /// <param name="ServiceAccount">Whose requests the gateway sends for it.</param>
    /// <param name="Secret">The Secret it is delivered with.</param>
    /// <param name="Until">When it ends.</param>
    public sealed record IssueCertificate(IKubernetesObject<V1ObjectMeta> ServiceAccount, IKubernetesObject<V1ObjectMeta> Secret, DateTimeOffset Until)
        : PlanStep;

    /// <summary>
    /// Put the credential into its Secret, for ever; if it is for a recipient's key, only mark the Secret. A Secret that holds another credential for ever,
    /// and lost the mark that says so, is deleted instead, and the next plan makes a new one.
    /// </summary>
    /// <param name="Secret">The Secret.</param>
    /// <param name="ServiceAccountUid">UID of the ServiceAccount that the credential stands for.</param>
    public sealed record Deliver(IKubernetesObject<V1ObjectMeta> Secret, string ServiceAccountUid) : PlanStep;

    /// <summary>Ask the authorizer whether access works.</summary>
    /// <param name="Question">The question.</param>
    /// <param name="Waits">Whether to wait, for three seconds at most, until it does: the API server's RBAC cache is behind its own answers.</param>
    public sealed record CheckAccess(V1SubjectAccessReviewSpec Question, bool Waits) : PlanStep
    {
        /// <inheritdoc/>
        public override bool OnlyLooks => true;
    }

    /// <summary>Get hold of the credential, so that its death can be proven once the Secret is gone.</summary>
    /// <param name="Secret">The Secret.</param>
    public sealed record HoldCredential(IKubernetesObject<V1ObjectMeta> Secret) : PlanStep
    {
        /// <inheritdoc/>
        public override bool IsUpkeep => false;
    }

    /// <summary>Ask the authorizer and the authenticator whether access is really over.</summary>
    /// <param name="Questions">One for each binding that there was.</param>
    /// <param name="BindingNames">The names of those bindings, by which the authorizer would explain itself.</param>
    public sealed record Prove(IReadOnlyList<V1SubjectAccessReviewSpec> Questions, IReadOnlyList<string> BindingNames) : PlanStep
    {
        /// <inheritdoc/>
        public override bool IsUpkeep => false;

        /// <inheritdoc/>
        public override bool OnlyLooks => true;
    }

    /// <summary>List what the grant's identity created and is still there.</summary>
    public sealed record LookForLeftovers : PlanStep
    {
        /// <inheritdoc/>
        public override bool OnlyLooks => true;
    }

    /// <summary>Delete the grant, whose time as a record is over.</summary>
    public sealed record DeleteGrant : PlanStep;
}
