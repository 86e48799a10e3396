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
        Register<BreakGlassPolicy>("breakglasspolicies");
        Register<BreakGlassGrant>("breakglassgrants");
        Register<BreakGlassApproval>("breakglassapprovals");
        Register<BreakGlassReview>("breakglassreviews");
        Register<BreakGlassLockdown>("breakglasslockdowns");
        Register<BreakGlassSession>("breakglasssessions");
        Register<BreakGlassAuthority>("breakglassauthorities");
        Register<BreakGlassDrill>("breakglassdrills");
    }

    private static void Register<T>(string plural)
        where T : class, IKubernetesObject<V1ObjectMeta> => KubeKinds.Register(new KubeKind<T>(
            new(BreakGlassApi.Group, BreakGlassApi.Version, typeof(T).Name, plural, Namespaced: false), BreakGlassApi.Json<T>()));
}
