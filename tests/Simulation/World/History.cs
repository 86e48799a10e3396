using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit;

namespace Simulation;

/// <summary>
/// What the server saw of grants and of the bindings made for them, checked at every single change against what must hold at every instant:
/// nothing is active that is not recorded, terminal is terminal, a record only grows, and no grant vanishes before its access has.
/// </summary>
internal sealed class History
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, BreakGlassGrant> _grants = [];
    private readonly Dictionary<string, BreakGlassGrant> _present = [];
    private readonly Dictionary<string, BindingLife> _bindings = [];
    private readonly List<BindingLife> _ended = [];
    private readonly List<string> _violations = [];

    public History(FakeApiServer server) => server.Observe(Take);

    /// <summary>What should never have been, in order.</summary>
    public IReadOnlyList<string> Violations
    {
        get { lock (_lock) return [.. _violations]; }
    }

    /// <summary>All bindings that ever gave access.</summary>
    public IReadOnlyList<BindingLife> Bindings
    {
        get { lock (_lock) return [.. _ended, .. _bindings.Values]; }
    }

    /// <summary>The last state of every grant there ever was, by UID.</summary>
    public IReadOnlyDictionary<string, BreakGlassGrant> Grants
    {
        get { lock (_lock) return new Dictionary<string, BreakGlassGrant>(_grants); }
    }

    /// <summary>Bindings of other people are not ours to judge; those that a test forges to look like ours are told apart by this.</summary>
    public Func<IKubernetesObject<V1ObjectMeta>, bool> IsForged { get; set; } = _ => false;

    /// <summary>The last state of the latest grant of a name, whether it is still there or not.</summary>
    public BreakGlassGrant Last(string name)
    {
        lock (_lock) return _grants.Values.Last(g => g.Metadata.Name == name);
    }

    /// <summary>
    /// Bindings that were there past the end of their grant, by how much; an end in a time when nobody could act counts from <paramref name="reachable"/>.
    /// </summary>
    public IReadOnlyList<(BindingLife Binding, TimeSpan Late)> Late(DateTimeOffset now, DateTimeOffset? reachable = null)
    {
        lock (_lock)
        {
            return
            [
                .. from b in Bindings
                   let grant = _grants[b.GrantUid]
                   let due = reachable > grant.Status.ExpiresAt ? reachable : grant.Status.ExpiresAt
                   let late = (b.To ?? now) - due
                   where late is null || late > TimeSpan.Zero
                   select (b, late ?? TimeSpan.MaxValue),
            ];
        }
    }

    private void Take(ObjectChange change)
    {
        lock (_lock)
        {
            switch (change.Resource.Kind)
            {
                case nameof(BreakGlassGrant):
                    Take(change, Typed<BreakGlassGrant>(change.Old), Typed<BreakGlassGrant>(change.New));
                    break;
                case V1RoleBinding.KubeKind:
                    TakeBinding(change, Typed<V1RoleBinding>(change.Old), Typed<V1RoleBinding>(change.New));
                    break;
                case V1ClusterRoleBinding.KubeKind:
                    TakeBinding(change, Typed<V1ClusterRoleBinding>(change.Old), Typed<V1ClusterRoleBinding>(change.New));
                    break;
            }
        }
    }

    private void Take(ObjectChange change, BreakGlassGrant? old, BreakGlassGrant? now)
    {
        var uid = (now ?? old)!.Metadata.Uid!;
        var name = (now ?? old)!.Metadata.Name;
        void Wrong(string what) => _violations.Add($"{change.At:O} grant {name}: {what}");

        if (now is null)
        {
            _present.Remove(uid);
            if (_bindings.Values.Where(b => b.GrantUid == uid).ToList() is { Count: > 0 } left)
                Wrong($"it is gone, and {string.Join(", ", left.Select(b => b.Key))} still gives access");
            return;
        }

        _grants[uid] = now;
        _present[uid] = now;
        if (old is null) return;
        var (before, after) = (old.Status, now.Status);
        if (before.IsTerminal && after.Phase != before.Phase) Wrong($"was {before.Phase} for good and became {after.Phase}");
        if (after.ExpiresAt > before.ExpiresAt) Wrong($"was stretched from {before.ExpiresAt:O} to {after.ExpiresAt:O}");

        // Their indices in the journal come later.
        if (!after.Transitions.Take(before.Transitions.Count).Select(Plain).SequenceEqual(before.Transitions.Select(Plain)))
            Wrong("its transitions were rewritten");
        static TransitionRecord Plain(TransitionRecord transition) => transition with { JournalIndex = null };
        if (after.Phase != before.Phase && after.Transitions.Count != before.Transitions.Count + 1)
            Wrong($"went from {before.Phase} to {after.Phase} without exactly one transition");
        if (after.Phase is GrantPhase.Active && before.Phase is not GrantPhase.Active && after.ExpiresAt <= change.At)
            Wrong($"became Active at {change.At:O}, past its end {after.ExpiresAt:O}");
        foreach (var binding in _bindings.Values.Where(b => b.GrantUid == uid && !IsRecorded(now, b.Binding)))
            Wrong($"{binding.Key} gives access and is not in its status any more");
    }

    private void TakeBinding(ObjectChange change, IKubernetesObject<V1ObjectMeta>? old, IKubernetesObject<V1ObjectMeta>? now)
    {
        var any = (now ?? old)!;
        var key = $"{any.KindName} {any.Key}";
        var id = any.Metadata.Uid!;

        // Without subjects it gives access to nobody, as if it were not there.
        if (now is null || Obstruction.IsEmptied(now))
        {
            if (_bindings.Remove(id, out var ended)) _ended.Add(ended with { To = change.At });
            return;
        }

        if (_bindings.TryGetValue(id, out var known))
        {
            _bindings[id] = known with { Binding = now };
            return;
        }

        // A reader gives nothing but the credential.
        if (now.Metadata.NamespaceProperty == "breakglass-grants" || GrantUidOf(now) is not { } uid || IsForged(now)) return;
        void Wrong(string what) => _violations.Add($"{change.At:O} {key}: {what}");
        if (!_grants.TryGetValue(uid, out var grant)) return;
        _bindings[id] = new(key, uid, now, change.At);
        if (!_present.ContainsKey(uid)) Wrong("made for a grant that is gone");
        if (grant.Status.ExpiresAt is null) Wrong("made before the end of its grant was recorded");
        else if (grant.Status.ExpiresAt <= change.At) Wrong($"made at {change.At:O}, past the end of its grant {grant.Status.ExpiresAt:O}");
        if (!IsRecorded(grant, now)) Wrong("made before its name was recorded in the grant's status");
        if (grant.Status.IsTerminal) Wrong($"made for a grant that is {grant.Status.Phase}");
        else if (!grant.FinalizersOrEmpty.Contains(BreakGlassApi.RevokeFinalizer)) Wrong("made while no finalizer held its grant");
    }

    private static bool IsRecorded(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> binding) => grant.Status.Bindings.Any(b =>
        b.Kind == binding.KindName && b.Name == binding.Metadata.Name && (b.Namespace ?? "") == (binding.Metadata.NamespaceProperty ?? ""));

    private static string? GrantUidOf(IKubernetesObject<V1ObjectMeta> o) => o.AnnotationsOrEmpty.TryGetValue(BreakGlassApi.GrantUidAnnotation, out var uid)
        ? uid
        : o.OwnersOrEmpty.FirstOrDefault(r => r.Kind == nameof(BreakGlassGrant))?.Uid;

    private static T? Typed<T>(JsonObject? o)
        where T : class, IKubernetesObject<V1ObjectMeta> => o?.Deserialize(KubeKinds.Of<T>().Json);
}
