using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace BreakGlass.Core.Api;

/// <summary>Tells the client of the kinds of this API.</summary>
internal static class KnownKinds
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255:The 'ModuleInitializer' attribute should not be used in libraries",
        Justification = "A kind must be known before the first look at it, wherever that is.")]
    internal static void Register()
    {
        KubeKinds.Register(new KubeKind<BreakGlassPolicy>(BreakGlassPolicy.Resource, BreakGlassPolicy.Json));
        KubeKinds.Register(new KubeKind<BreakGlassGrant>(BreakGlassGrant.Resource, BreakGlassGrant.Json));
        KubeKinds.Register(new KubeKind<BreakGlassApproval>(BreakGlassApproval.Resource, BreakGlassApproval.Json));
        KubeKinds.Register(new KubeKind<BreakGlassReview>(BreakGlassReview.Resource, BreakGlassReview.Json));
        KubeKinds.Register(new KubeKind<BreakGlassLockdown>(BreakGlassLockdown.Resource, BreakGlassLockdown.Json));
    }
}
