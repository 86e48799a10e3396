namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>What can happen in a random life. The numbers of an <see cref="ScenarioEvent"/> choose among what is there at that moment.</summary>
internal enum EventKind
{
    Reconcile, ReconcileShuffled, DieInTheMiddle, LoseAnswers, RefuseSome, Crash, LagCaches, CatchUp, StepTime, JumpToEnd,
    NamespaceCome, NamespaceRelabel, NamespaceTerminate, NamespaceGo, RoleChange, RoleGo,
    PolicyNarrow, PolicyWiden, PolicySuspend, PolicyResume, PolicyShorten, PolicyDelete, PolicyAgain,
    Revoke, DeleteGrant, TouchGrant,
    Approve, Object, WithdrawApprovals, Review, Lock, Unlock, Relent, SiblingOpens, SiblingEnds, HolderComes, LimitChange, WindowChange, SealGoes, SealComes,
    DeleteObject, StripLabels, StripAnnotations, AddSubject, ReplaceRole, ForgeGrantUid, TakeFinalizer,
    Use, EventsStop, EventsGoOn, UnusualUse, SessionTermsChange,
    AuthoritySuspend, AuthorityResume, AuthorityKeyGoes, AuthorityRevokes, AuthorityGoes, VoucherUsedElsewhere, VouchersEnd,
    ForgePhase, ForgeEnd, WipeStatus, ForeignObject,
}
