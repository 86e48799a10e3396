namespace BreakGlass.Cli.Grants;

/// <summary>Gives a person the access of an active grant: a kubeconfig that only they can read.</summary>
internal sealed record CredentialHandoff(CliHost Host, ConnectedCluster Cluster, CallerKubeconfig Own)
{
    /// <summary>Where to write it; null for the usual directory, <c>-</c> for standard output.</summary>
    public string? File { get; init; }

    /// <summary>Whether the API server's address is the one that the operator delivered.</summary>
    public bool Delivered { get; init; }

    /// <summary>In which format the grant is shown; null for the <c>export</c> that a shell evaluates.</summary>
    public string? Format { get; init; }

    /// <summary>What is wrong with the file's name can be told before anything is asked for.</summary>
    /// <exception cref="CliException">The file is there already, or it can be none.</exception>
    public void Check()
    {
        if (File is not { } file || file == "-") return;
        if (string.IsNullOrWhiteSpace(file))
            throw CliException.Usage("--output-kubeconfig is empty. Name a file, or remove the option to get a temporary one.");
        if (Directory.Exists(file)) throw CliException.Usage($"'{file}' is a directory. Name a file in it.");
        if (System.IO.File.Exists(file)) throw CliException
            .Usage($"'{file}' already exists and is not overwritten, because it may be your own kubeconfig. Name another file, or remove it.");
    }

    public byte[] Kubeconfig(DeliveredCredential credential) => credential.Kubeconfig(Delivered ? null : Cluster.Connection, Own);

    /// <summary>Writes it, and says until when it works.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="credential">What was delivered; null where the person's own credentials work.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task GiveAsync(BreakGlassGrant grant, DeliveredCredential? credential, CancellationToken cancellationToken)
    {
        var name = grant.Metadata.Name;
        var until = $"{name}: access works until {Timestamp.Text(grant.Status.ExpiresAt ?? default)}";
        var sooner = VoucherRules.IsByVoucher(grant.Spec) ? "A person who is allowed to revoke grants can end it earlier."
            : $"To end it earlier: kubectl breakglass revoke {name}";
        if (credential is null)
        {
            await Host.SayAsync($"{until}, with your own credentials. {sooner}");
            await ShowAsync(grant, OutputFormat.NameOf(grant));
            return;
        }

        if (credential.Client.IsForGateway) until += ", through the gateway";
        if (File == "-")
        {
            await Host.SayAsync($"{until}. {sooner}");
            await Host.Out.WriteAsync(System.Text.Encoding.UTF8.GetString(Kubeconfig(credential)));
            return;
        }

        var path = Path.GetFullPath(File ?? CredentialFiles.KubeconfigOf(Host, name));
        await CredentialFiles.WriteAsync(path, Kubeconfig(credential), cancellationToken, overwrite: File is null);
        await Host.SayAsync($"{until}, with the kubeconfig {path}. {sooner}");
        await ShowAsync(grant, $"export KUBECONFIG='{path.Replace("'", "'\\''", StringComparison.Ordinal)}'");
    }

    /// <summary>The grant in the format that was asked for, else some words.</summary>
    public Task ShowAsync(BreakGlassGrant grant, string words) =>
        Format is null ? Host.Out.WriteLineAsync(words) : OutputFormat.WriteAsync(Host, Format, grant);
}
