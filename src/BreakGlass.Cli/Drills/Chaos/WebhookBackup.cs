namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>The operator's webhook configurations while they are away: in memory, and in a file for the case that this process cannot put them back.</summary>
internal sealed class WebhookBackup
{
    /// <summary>The name of both configurations. Those of the guard and of the stamp have other names, and stay.</summary>
    public const string Name = "breakglass-operator";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>How long they are put back after a further interruption.</summary>
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(10);

    private readonly ChaosTools _tools;
    private readonly V1MutatingWebhookConfiguration _mutating;
    private readonly V1ValidatingWebhookConfiguration _validating;
    private bool _isUnclear;
    private int _isHurried;
    private volatile Action? _shorten;

    private WebhookBackup(ChaosTools tools, V1MutatingWebhookConfiguration mutating, V1ValidatingWebhookConfiguration validating)
    {
        (_tools, _mutating, _validating) = (tools, mutating, validating);
        var time = tools.Client.Now(tools.Host.Time).UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        File = Path.Combine(tools.Host.WorkingDirectory, $"breakglass-webhooks-{time}.json");
    }

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>Reads the configurations and saves them.</summary>
    /// <exception cref="CliException">One of them does not exist.</exception>
    public static async Task<WebhookBackup> TakeAsync(ChaosTools tools, CancellationToken cancellationToken)
    {
        var mutating = await tools.Client.TryGetAsync<V1MutatingWebhookConfiguration>(Name, null, cancellationToken);
        var validating = await tools.Client.TryGetAsync<V1ValidatingWebhookConfiguration>(Name, null, cancellationToken);
        if (mutating is null || validating is null)
        {
            throw new CliException(ExitCodes.NotFound, $"the webhook configurations {Name} do not exist, or only one of them does. Nothing was changed. "
                + "Install the webhooks. If an earlier test could not put them back: kubectl apply -f breakglass-webhooks-TIME.json");
        }

        var backup = new WebhookBackup(tools, mutating, validating);
        JsonNode?[] items = [OutputFormat.ToNode(Bare(mutating)), OutputFormat.ToNode(Bare(validating))];
        var text = OutputFormat.ToJson(OutputFormat.List(items));
        await CredentialFiles.WriteAsync(backup.File, Encoding.UTF8.GetBytes(text + "\n"), cancellationToken, overwrite: false);
        await tools.Host.SayAsync($"Saved the webhook configurations. To put them back by hand: kubectl apply -f {backup.File}");
        return backup;
    }

    /// <summary>Takes them away.</summary>
    public async Task DeleteAsync()
    {
        try
        {
            // What was saved, and nothing that was written since. Not given up halfway: a delete that is still under way could take away what is put back.
            await _tools.Client.DeleteAsync<V1MutatingWebhookConfiguration>(Name, null, Saved(_mutating), CancellationToken.None);
            await _tools.Client.DeleteAsync<V1ValidatingWebhookConfiguration>(Name, null, Saved(_validating), CancellationToken.None);
        }
        catch (Exception e) when (Outages.IsTransient(e))
        {
            _isUnclear = true;
            throw;
        }

        await _tools.Host.SayAsync($"Deleted the webhook configurations {Name}.");
    }

    /// <summary>Puts them back, whatever has stopped the command, and removes the file.</summary>
    /// <returns>Whether they are there again. If not, the person reads what to do.</returns>
    public async Task<bool> PutBackAsync()
    {
        using var patience = new CancellationTokenSource(Patience, _tools.Host.Time);
        _shorten = () => patience.CancelAfter(ShortPatience);
        if (Volatile.Read(ref _isHurried) != 0) _shorten();

        // Both at once: one that cannot be created does not keep the other one away. And before a word is said: a terminal can be stopped.
        var creating = Task.WhenAll(TryCreateAsync(Bare(_mutating), patience.Token), TryCreateAsync(Bare(_validating), patience.Token));
        await SayAsync("Putting the webhook configurations back. Do not interrupt this.");
        var problems = await creating;
        _shorten = null;
        if (problems.FirstOrDefault(p => p is not null) is { } problem)
        {
            await SayAsync($"error: the webhook configurations could not be created again ({problem}). Until they exist, no grant is activated. "
                + $"Put them back now: kubectl apply -f {File}");
            return false;
        }

        CredentialFiles.Forget(File);
        await SayAsync($"The webhook configurations {Name} exist again. Check them with an ordinary run: "
            + $"kubectl breakglass drill run {_tools.Drill}");
        return true;
    }

    /// <summary>A further interruption came while they are away. They are put back nevertheless, but the person does not wait long for it.</summary>
    public async Task HurryAsync()
    {
        if (Interlocked.Exchange(ref _isHurried, 1) != 0) return;
        _shorten?.Invoke();
        await SayAsync($"The command is interrupted, but first it puts the webhook configurations back, for at most {GoDuration.Format(ShortPatience)}.");
    }

    /// <summary>Says something, unless the terminal is gone: that must not keep the configurations away.</summary>
    private async Task SayAsync(string message)
    {
        try
        {
            await _tools.Host.SayAsync(message);
        }
        catch (IOException)
        {
            // There is no terminal any more.
        }
    }

    /// <summary>Creates one; gives why that was not possible.</summary>
    private async Task<string?> TryCreateAsync<T>(T configuration, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new()
    {
        for (;;)
        {
            try
            {
                await _tools.Client.CreateAsync(configuration, cancellationToken);
                return null;
            }
            catch (KubeApiException e) when (e.IsAlreadyExists)
            {
                // It was not deleted, or another tool has put it back.
                return _isUnclear ? "a delete had no answer, and may still be carried out" : null;
            }
            catch (Exception e) when (Outages.IsTransient(e) && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(Outages.Pause, _tools.Host.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return "the API server did not answer in time";
            }
            catch (Exception e) when (Errors.Describe(e) is not null)
            {
                return e.Message;
            }
        }
    }

    private static DeleteOptions Saved(IKubernetesObject<V1ObjectMeta> saved) =>
        new() { Uid = saved.Metadata.Uid, ResourceVersion = saved.Metadata.ResourceVersion };

    private static V1MutatingWebhookConfiguration Bare(V1MutatingWebhookConfiguration saved) => saved with { Metadata = Bare(saved.Metadata) };

    private static V1ValidatingWebhookConfiguration Bare(V1ValidatingWebhookConfiguration saved) => saved with { Metadata = Bare(saved.Metadata) };

    private static V1ObjectMeta Bare(V1ObjectMeta metadata) => metadata with
    {
        Uid = null, ResourceVersion = null, CreationTimestamp = null, Generation = null, ManagedFields = null, SelfLink = null,
    };
}
