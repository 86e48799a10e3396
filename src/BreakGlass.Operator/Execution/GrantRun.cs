using System.Runtime.ExceptionServices;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Operator.Execution;

/// <summary>One run of the reconciler over one grant: what it came to know beside the caches. Nothing in it outlives a crash, and nothing needs to.</summary>
internal sealed class GrantRun
{
    private const int MostRoleTries = 20;

    private readonly Lock _gate = new();
    private readonly List<IKubernetesObject<V1ObjectMeta>> _found = [];
    private int _roleTries;

    /// <summary>What the decisions may know of it.</summary>
    public Attempt Attempt { get; private set; } = Attempt.Fresh;

    /// <summary>The token in hand. It leaves this process only into its Secret, or encrypted.</summary>
    public string? Token { get; set; }

    /// <summary>The grant as the API server has it, where the cache holds it only in part.</summary>
    public BreakGlassGrant? Whole { get; set; }

    /// <summary>When the end of the grant was due, once it is.</summary>
    public DateTimeOffset? DueSince { get; set; }

    /// <summary>Why the end could not be proven: what is left to tidy up is done all the same, and then the run fails of it.</summary>
    public ExceptionDispatchInfo? ProofError { get; set; }

    /// <summary>Objects read by name that no cache shows.</summary>
    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Found
    {
        get
        {
            lock (_gate) return [.. _found];
        }
    }

    /// <summary>Whether the API server may be given another moment to know our own Role.</summary>
    public bool TakeRoleTry() => _roleTries++ < MostRoleTries;

    public void Note(Func<Attempt, Attempt> change)
    {
        lock (_gate) Attempt = change(Attempt);
    }

    public void Add(IKubernetesObject<V1ObjectMeta> found)
    {
        lock (_gate)
        {
            _found.RemoveAll(o => GrantObjects.SamePlace(o, found));
            _found.Add(found);
        }
    }

    public void Remove(IKubernetesObject<V1ObjectMeta> gone)
    {
        lock (_gate) _found.RemoveAll(o => GrantObjects.SamePlace(o, gone));
    }
}
