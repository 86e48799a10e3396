using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using k8s;
using k8s.Models;
using Kube.Client;

namespace Simulation;

/// <summary>One long bad night from one seed: people act, things break, and now and then it is calm enough to look whether all is well.</summary>
internal sealed class ChaosRun
{
    /// <summary>Once nothing stands in the way access past its time is gone within so long: the longest time-out of a call and a few tries.</summary>
    private static readonly TimeSpan LongestLag = TimeSpan.FromSeconds(20);

    /// <summary>... and everything else is as it should be within so long: a reflector waits up to a minute after failures.</summary>
    private static readonly TimeSpan UntilSettled = TimeSpan.FromSeconds(120);

    private static readonly CoreSettings Settings = new();

    private readonly World _world;
    private readonly Random _random;
    private readonly Users _users;
    private readonly Trouble _trouble;
    private readonly List<string> _story = [];

    private ChaosRun(World world, int seed)
    {
        (_world, _random) = (world, new Random(seed));
        _users = new(world, _random, Say);
        _trouble = new(world, _random, Say);
    }

    /// <summary>Lives through it.</summary>
    /// <exception cref="InvalidOperationException">Something happened that must not; the message tells the story.</exception>
    public static void Run(Stillness stillness, int seed)
    {
        using var world = new World(stillness, new() { TokenCache = TimeSpan.FromSeconds(10) });
        var incident = new ChaosRun(world, seed);
        try
        {
            incident.Run();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {seed}: {e.Message}\n{string.Join('\n', incident._story)}", e);
        }
    }

    private void Run()
    {
        _users.Begin();
        _trouble.Calm();
        for (var act = 0; act < 3; act++)
        {
            for (var step = 0; step < 25; step++)
            {
                if (_random.Next(3) > 0) _users.Act();
                else _trouble.Act();
                _world.Settle();
                if (_random.Next(2) == 0) _world.Advance(TimeSpan.FromMilliseconds(_random.Next(1, 30_000)));
            }

            Calm();
        }

        End();
    }

    private void Calm()
    {
        Say("calm");
        _trouble.Calm();
        _world.Advance(LongestLag);
        NothingPastItsTime();
        _world.Advance(UntilSettled - LongestLag);
        NothingPastItsTime();
        AccessIsWhatThePoliciesSay();
        RecordsHold();
    }

    private void End()
    {
        Say("the end");
        _trouble.Calm();
        _world.Advance(Users.Longest + UntilSettled);
        NothingPastItsTime();
        RecordsHold();
        if (_world.Owned() is { Count: > 0 } left) throw Wrong($"left over: {string.Join(", ", left.Select(o => $"{o.KindName} {o.Key}"))}");
        foreach (var grant in _world.Server.List<BreakGlassGrant>())
        {
            if (!grant.Status.IsTerminal) throw Wrong($"{grant.Metadata.Name} is {grant.Status.Phase} in the end");
            if (grant.Status.IsRecorded && !Conditions.IsTrue(grant.Status.Conditions, "Revoked"))
                throw Wrong($"the end of {grant.Metadata.Name} was never proven");
            if (grant.FinalizersOrEmpty.Count > 0) throw Wrong($"{grant.Metadata.Name} still has its finalizer");
        }

        foreach (var policy in _world.Server.List<BreakGlassPolicy>())
        {
            if (policy.FinalizersOrEmpty.Count > 0) throw Wrong($"policy {policy.Metadata.Name} still has its finalizer");
            if (policy.Status.ActiveGrants is not (0 or null))
                throw Wrong($"policy {policy.Metadata.Name} says that {policy.Status.ActiveGrants} grants are active");
        }
    }

    private void NothingPastItsTime()
    {
        var late = _world.History.Bindings.Where(b => b.To is null && _world.History.Grants[b.GrantUid].Status.ExpiresAt <= _world.Now).ToList();
        if (late.Count > 0) throw Wrong($"past its time: {string.Join(", ", late.Select(b => b.Key))}");
    }

    /// <summary>Nothing gives access that a policy does not give now, and all access is there that one should have.</summary>
    private void AccessIsWhatThePoliciesSay()
    {
        var namespaces = _world.Server.List<V1Namespace>();
        var expected = new HashSet<string>();
        foreach (var grant in _world.Server.List<BreakGlassGrant>().Where(g => !g.Status.IsTerminal))
        {
            var name = grant.Metadata.Name;
            var policy = _world.Policy(grant.Spec.Policy);
            if (grant.Status.Phase is not GrantPhase.Active)
                throw Wrong($"{name} is {grant.Status.Phase?.ToString() ?? "not looked at"} though nothing stands in its way");
            if (grant.Spec.Revoke is not null || grant.Metadata.DeletionTimestamp is not null) throw Wrong($"{name} is active though its end was asked for");
            if (policy is not { Spec.Suspended: false, Metadata.DeletionTimestamp: null })
                throw Wrong($"{name} is active though its policy is gone or suspended");
            if (policy.Metadata.Uid != grant.Status.PolicyUid) throw Wrong($"{name} is active by a policy that was replaced");
            foreach (var t in Targets.Resolve(grant.Status.Access, policy.Spec, grant.Spec.Namespaces, namespaces, Settings))
            {
                var subject = grant.Status.Credential is CredentialKind.BindRequester ? "alice" : GrantNames.Identity(grant);
                expected.Add($"{t.Namespace}/{GrantNames.Binding(grant, t.Entry)} {t.Role} {subject}");
            }
        }

        var actual = _world.Server.List<V1RoleBinding>().Where(IsOfGrant).Select(b => Text(b, b.RoleRef, b.SubjectsOrEmpty))
            .Concat(_world.Server.List<V1ClusterRoleBinding>().Where(IsOfGrant).Select(b => Text(b, b.RoleRef, b.SubjectsOrEmpty)))
            .ToHashSet();
        if (!actual.SetEquals(expected)) throw Wrong(
            $"there is [{string.Join("; ", actual.Except(expected))}] that should not be, and [{string.Join("; ", expected.Except(actual))}] is missing");
    }

    private void RecordsHold()
    {
        // Another operator may act on what it has not heard of yet: that is cut as soon as it hears, and never past the end.
        var wrong = _world.History.Violations.Where(v => !v.Contains(": made for a grant that is ", StringComparison.Ordinal)).ToList();
        if (wrong.Count > 0) throw Wrong(string.Join("; ", wrong));
    }

    private static bool IsOfGrant(IKubernetesObject<V1ObjectMeta> o) =>
        o.Metadata.Name.StartsWith("breakglass-inc-", StringComparison.Ordinal) || o.Metadata.Name.StartsWith("breakglass-old-", StringComparison.Ordinal);

    private static string Text(IKubernetesObject<V1ObjectMeta> o, V1RoleRef role, IReadOnlyList<Rbacv1Subject> subjects) =>
        $"{o.Metadata.NamespaceProperty}/{o.Metadata.Name} {role.Kind}/{role.Name} {string.Join('+', subjects.Select(s => s.Name))}";

    private void Say(string what) => _story.Add($"{_world.Now:HH:mm:ss.fff} {what}");

    private InvalidOperationException Wrong(string what) => new($"{_world.Now:HH:mm:ss.fff} {what}");
}
