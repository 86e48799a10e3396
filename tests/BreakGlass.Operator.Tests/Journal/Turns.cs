namespace BreakGlass.Operator.Tests.Journal;

/// <summary>Lets one of two writers do its next operation, in an order that a seed chooses.</summary>
internal sealed class Turns(Random random)
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource?[] _waiting = new TaskCompletionSource?[2];
    private readonly bool[] _hasLeft = new bool[2];

    public Task WaitAsync(int number)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock) _waiting[number] = turn;
        Next();
        return turn.Task;
    }

    public void Leave(int number)
    {
        lock (_lock) _hasLeft[number] = true;
        Next();
    }

    private void Next()
    {
        TaskCompletionSource? turn = null;
        lock (_lock)
        {
            // A writer that still works on its last operation is waited for.
            if (Enumerable.Range(0, 2).Any(i => _waiting[i] is null && !_hasLeft[i])) return;
            var ready = Enumerable.Range(0, 2).Where(i => _waiting[i] is not null).ToList();
            if (ready.Count == 0) return;
            var chosen = ready[random.Next(ready.Count)];
            (turn, _waiting[chosen]) = (_waiting[chosen], null);
        }

        turn!.SetResult();
    }
}
