using FsCheck.Fluent;
using k8s.Models;
using Kube.Client;
using Xunit;
using static Kube.Runtime.Tests.Objects;

namespace Kube.Runtime.Tests.Caching;

/// <summary>
/// A server with a history, a watch that trails behind it, lists from any moment between what the watch has shown and now,
/// and answers to our own writes that arrive late: in any order, the store never goes back in time for an object, reads our
/// writes, and ends in the server's state.
/// </summary>
public class ConvergenceProperties
{
    private enum Kind
    {
        ForeignWrite,
        ForeignDelete,
        OurWrite,
        OurDelete,
        AnswerArrives,
        WatchShowsOne,
        Bookmark,
        Relist,
    }

    [Fact]
    public void The_store_converges_to_the_server_and_never_goes_back_in_time()
    {
        var step = from kind in Gen.Frequency(
                       (3, Gen.Constant(Kind.ForeignWrite)), (2, Gen.Constant(Kind.ForeignDelete)), (4, Gen.Constant(Kind.OurWrite)),
                       (2, Gen.Constant(Kind.OurDelete)), (6, Gen.Constant(Kind.AnswerArrives)), (8, Gen.Constant(Kind.WatchShowsOne)),
                       (1, Gen.Constant(Kind.Bookmark)), (2, Gen.Constant(Kind.Relist)))
                   from name in Gen.Elements("a", "b", "c")
                   from pick in Gen.Choose(0, 99)
                   select (kind, name, pick);

        Steps.Check(step, 5000, steps => new World().Run(steps));
    }

    private sealed class World
    {
        // No server's history begins at 0, which stands for "any version".
        private const int Start = 100;

        private readonly Store<V1Namespace> _store = new();
        private readonly List<(bool IsDelete, V1Namespace Object)> _history = [];
        private readonly List<Dictionary<string, V1Namespace>> _states = [[]];
        private readonly List<(bool IsDelete, V1Namespace Object)> _answers = [];
        private readonly HashSet<string> _told = [];

        // What was known of an object at the latest: its newest version, or that its UID is gone.
        private readonly Dictionary<string, int> _newest = [];
        private readonly HashSet<string> _gone = [];
        private int _shown;

        private int Now => _history.Count;

        public bool Run(IEnumerable<(Kind Kind, string Name, int Pick)> steps)
        {
            foreach (var (kind, name, pick) in steps)
            {
                Do(kind, name, pick);
                if (!NeverBackInTime()) return false;
            }

            while (_answers.Count > 0) Answer(0);
            while (_shown < Now) ShowNext();
            var converged = _store.List().ToDictionary(o => o.Metadata.Name, o => o.Metadata.ResourceVersion)
                .OrderBy(p => p.Key).SequenceEqual(_states[Now].ToDictionary(p => p.Key, p => p.Value.Metadata.ResourceVersion).OrderBy(p => p.Key));

            // Handlers follow levels: what the server has, they were told of, at the latest by now.
            return converged && _states[Now].Values.All(o => _told.Contains(o.Metadata.Uid!));
        }

        private void Do(Kind kind, string name, int pick)
        {
            switch (kind)
            {
                case Kind.ForeignWrite:
                    Write(name);
                    break;
                case Kind.ForeignDelete:
                    Delete(name);
                    break;
                case Kind.OurWrite:
                    _answers.Add((false, Write(name)));
                    break;
                case Kind.OurDelete:
                    if (Delete(name) is { } deleted) _answers.Add((true, deleted));
                    break;
                case Kind.AnswerArrives when _answers.Count > 0:
                    Answer(pick % _answers.Count);
                    break;
                case Kind.WatchShowsOne when _shown < Now:
                    ShowNext();
                    break;
                case Kind.Bookmark:
                    _store.Bookmark($"{Start + _shown}");
                    break;
                case Kind.Relist:
                    var at = _shown + (pick % (Now - _shown + 1));
                    _shown = at;
                    foreach (var change in _store.Replace(ListAt(Start + at, [.. _states[at].Values]))) _told.Add(change.Object.Metadata.Uid!);
                    break;
            }
        }

        private V1Namespace Write(string name)
        {
            var uid = _states[Now].TryGetValue(name, out var held) ? held.Metadata.Uid! : $"{name}-{Now + 1}";
            var written = Ns(name, Start + Now + 1, uid);
            Append(false, written);
            return written;
        }

        private V1Namespace? Delete(string name)
        {
            if (!_states[Now].TryGetValue(name, out var held)) return null;
            Append(true, Ns(name, Start + Now + 1, held.Metadata.Uid));
            return held;
        }

        private void Append(bool isDelete, V1Namespace o)
        {
            var state = new Dictionary<string, V1Namespace>(_states[Now]);
            if (isDelete) state.Remove(o.Metadata.Name);
            else state[o.Metadata.Name] = o;
            _history.Add((isDelete, o));
            _states.Add(state);
        }

        private void Answer(int index)
        {
            var (isDelete, o) = _answers[index];
            _answers.RemoveAt(index);
            if (isDelete)
            {
                _store.LearnDeleted(o.Key, o.Metadata.Uid!);
                _gone.Add(o.Metadata.Uid!);
            }
            else
            {
                _store.Learn(o);
            }
        }

        private void ShowNext()
        {
            var (isDelete, o) = _history[_shown++];
            if (isDelete) _gone.Add(o.Metadata.Uid!);
            if ((isDelete ? _store.Remove(o) : _store.Upsert(o)) is { } change) _told.Add(change.Object.Metadata.Uid!);
        }

        private bool NeverBackInTime()
        {
            foreach (var o in _store.List())
            {
                var version = int.Parse(o.Metadata.ResourceVersion!, System.Globalization.CultureInfo.InvariantCulture);
                if (_gone.Contains(o.Metadata.Uid!) || _newest.GetValueOrDefault(o.Metadata.Uid!) > version) return false;
                _newest[o.Metadata.Uid!] = version;
            }

            return true;
        }
    }
}
