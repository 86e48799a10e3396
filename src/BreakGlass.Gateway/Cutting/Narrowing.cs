using BreakGlass.Gateway.Proxying;

namespace BreakGlass.Gateway.Cutting;

/// <summary>What a grant lost when its recorded bindings changed.</summary>
internal static class Narrowing
{
    /// <summary>Where records say that there is access; only what is compared here is kept.</summary>
    public static IReadOnlyList<BindingRecord> Given(IReadOnlyList<BindingRecord> bindings) =>
        [.. bindings.Where(b => string.IsNullOrEmpty(b.Problem)).Select(b => new BindingRecord { Namespace = b.Namespace, Role = b.Role })];

    /// <summary>The namespaces in which a role is no longer given; an empty name stands for the whole cluster.</summary>
    public static IReadOnlyList<string> Lost(IReadOnlyList<BindingRecord> before, IReadOnlyList<BindingRecord> now)
    {
        if (ReferenceEquals(before, now) || before.Count == 0) return [];
        var given = now.Select(Place).ToHashSet();
        return [.. before.Select(Place).Where(place => !given.Contains(place)).Select(place => place.Namespace).Distinct()];
    }

    /// <summary>
    /// Whether a request can have been allowed by what was lost. A role of one namespace allows nothing in another one, except to act as another user.
    /// </summary>
    public static bool MayAffect(IReadOnlyList<string> lost, RequestHead head) =>
        lost.Contains("") || head.Impersonates || lost.Contains(RequestAttributes.Read(head.Method, head.Target).Namespace);

    private static (string Namespace, string Role) Place(BindingRecord binding) => (binding.Namespace ?? "", binding.Role);
}
