using BreakGlass.Core.Lifecycle;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>What one run of the model's operator knows beside its caches; a crash loses it.</summary>
internal sealed class Run
{
    private readonly Dictionary<Place, IKubernetesObject<V1ObjectMeta>> _found = [];

    public Attempt Attempt { get; private set; } = Attempt.Fresh;

    public Token? Token { get; set; }

    public IEnumerable<IKubernetesObject<V1ObjectMeta>> Found => _found.Values;

    public void Note(Func<Attempt, Attempt> change) => Attempt = change(Attempt);

    public void Add(IKubernetesObject<V1ObjectMeta> o) => _found[Place.Of(o)] = o;

    public void Remove(IKubernetesObject<V1ObjectMeta> o) => _found.Remove(Place.Of(o));
}

/// <summary>What becomes of one step.</summary>
internal enum Fault
{
    /// <summary>It is done, and the answer says so.</summary>
    None,

    /// <summary>The server answers 500 and has done nothing.</summary>
    Refused,

    /// <summary>It is done, and the answer is lost.</summary>
    AnswerLost,

    /// <summary>The operator dies before it.</summary>
    DiesBefore,

    /// <summary>The operator dies right after it.</summary>
    DiesAfter,
}

/// <summary>The operator's process is gone.</summary>
internal sealed class Died : Exception;
