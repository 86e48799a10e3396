using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BreakGlass.Cli.Hosting;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using BreakGlass.Core.Vouchers;
using k8s.Models;
using Kube.Client;
using TestKit;
using TestKit.Builders;

namespace BreakGlass.Cli.Tests.Support;

/// <summary>A person's desk: the plugin, a cluster in memory, and what was said on both outputs. What the operator would do the tests do.</summary>
internal sealed class PluginHarness : IDisposable
{
    private static readonly TimeSpan Limit = Eventually.Limit;

    private readonly Screen _out = new();
    private readonly Screen _error = new();
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);

    public PluginHarness()
    {
        Server = new(Clock);
        Directory = System.IO.Directory.CreateTempSubdirectory("breakglass-desk-").FullName;
    }

    public FakeClock Clock { get; } = new(A.Start);

    public FakeApiServer Server { get; }

    /// <summary>A directory of this desk's own.</summary>
    public string Directory { get; }

    /// <summary>Who sits there; an administrator unless given.</summary>
    public FakeUser? User { get; set; }

    /// <summary>What comes in on standard input.</summary>
    public string Input { get; set; } = "";

    /// <summary>What the person types when a secret is asked for; if there is none, there is no terminal.</summary>
    public Queue<string> Secrets { get; } = [];

    /// <summary>What the person was asked for.</summary>
    public List<string> Prompts { get; } = [];

    /// <summary>Whether a person reads standard output.</summary>
    public bool OutIsTerminal { get; set; }

    /// <summary>The signals that this desk sends.</summary>
    public Interruptions Interruptions { get; } = new();

    /// <summary>Whether the terminal was closed, so that nothing can be said any more.</summary>
    public bool IsTerminalGone { get; set; }

    /// <summary>What running a command does; the commands are kept in <see cref="Ran"/>.</summary>
    public Func<ChildCommand, CancellationToken, Task<int>> Child { get; set; } = (_, _) => Task.FromResult(0);

    /// <summary>The commands that were run.</summary>
    public List<ChildCommand> Ran { get; } = [];

    /// <summary>By which flags, and with which KUBECONFIG, the last command connected.</summary>
    public (ConnectionFlags Flags, string? Kubeconfig) Connected { get; private set; }

    /// <summary>What was written for scripts.</summary>
    public string Out => _out.ToString();

    /// <summary>What was said to the person.</summary>
    public string Error => _error.ToString();

    /// <summary>Where credentials are put.</summary>
    public string CredentialDirectory => Path.Combine(Directory, "credentials");

    /// <summary>Sets a variable of the environment.</summary>
    public string this[string name]
    {
        set => _variables[name] = value;
    }

    /// <summary>Runs the plugin and gives its exit code.</summary>
    public Task<int> RunAsync(params string[] args) => RunAsync(CancellationToken.None, args);

    /// <summary>Runs the plugin and gives its exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken, params string[] args) =>
        await Task.Run(() => CommandLine.RunAsync(args, Host(), cancellationToken), CancellationToken.None)
            .WaitAsync(Limit, TimeProvider.System, CancellationToken.None);

    /// <summary>Forgets what was said.</summary>
    public void Clear()
    {
        _out.Clear();
        _error.Clear();
    }

    /// <summary>The grant that was asked for, once it is there.</summary>
    public async Task<BreakGlassGrant> AskedAsync()
    {
        await Server.Until(() => Server.List<BreakGlassGrant>().Count > 0, "a grant").WaitAsync(Limit, TimeProvider.System);
        return Server.List<BreakGlassGrant>().OrderBy(g => g.Metadata.CreatedAt).Last();
    }

    /// <summary>Writes a status as the operator would.</summary>
    public BreakGlassGrant SetStatus(string grant, Func<BreakGlassGrant, GrantStatus> status) =>
        Server.Modify<BreakGlassGrant>(grant, null, g => g with { Status = status(g) });

    /// <summary>Gives access as the operator would: an hour, and the kubeconfig encrypted to the grant's key.</summary>
    public BreakGlassGrant Activate(string grant, string token = "the-token", Func<GrantStatus, GrantStatus>? then = null) =>
        SetStatus(grant, g => (then ?? (s => s))(g.Status with
    {
        Phase = GrantPhase.Active,
        ActivatedAt = Clock.GetUtcNow(),
        ExpiresAt = Clock.GetUtcNow().AddHours(1),
        CredentialJwe = KeyOf(g.Spec) is { } key ? Encrypt(key, g.Metadata.Name, token) : null,
        Conditions = [new() { Type = "Active", Status = "True", Reason = "AccessGiven", Message = "Access works." }],
        Transitions = [new() { To = GrantPhase.Active, At = Clock.GetUtcNow(), Actor = "alice", Reason = "PolicyAllows" }],
    }));

    /// <summary>Gives access as the operator would where no key is: the kubeconfig lies in a Secret.</summary>
    public void ActivateWithSecret(string grant, string token = "the-token")
    {
        Server.CreateNamespace("breakglass-grants");
        var kubeconfig = CredentialKubeconfig.Render(new("https://10.0.0.1"), null, "cluster", grant, "payments", token);
        Server.Put(new V1Secret { Metadata = new() { Name = grant, NamespaceProperty = "breakglass-grants" },
            Data = new Dictionary<string, byte[]> { ["token"] = Encoding.UTF8.GetBytes(token), ["kubeconfig"] = kubeconfig } });
        SetStatus(grant, g => g.Status with { CredentialSecret = $"breakglass-grants/{grant}" });
        Activate(grant, token);
    }

    /// <summary>Gives access through the gateway as the operator would: a certificate for the grant's key, or else one with its key in a Secret.</summary>
    public BreakGlassGrant ActivateGateway(string grant, string server = "https://gateway.example:8443", RSA? otherKey = null)
    {
        var asked = Server.Get<BreakGlassGrant>(grant)!;
        using var authority = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var publicKey = own.ExportSubjectPublicKeyInfo();
        if (asked.Spec.RecipientKey is { } jwk && RecipientKey.TryParse(jwk, out var key, out _)) publicKey = key.SubjectPublicKeyInfo();
        if (otherKey is not null) publicKey = otherKey.ExportSubjectPublicKeyInfo();
        var request = new CertificateRequest(new($"CN={grant}"), PublicKey.CreateFromSubjectPublicKeyInfo(publicKey, out _), HashAlgorithmName.SHA256);
        using var certificate = request.Create(
            new("CN=gateway CA"), X509SignatureGenerator.CreateForECDsa(authority), Clock.GetUtcNow(), Clock.GetUtcNow().AddHours(1), [1, 2, 3]);
        var access = new GatewayAccess { Server = server, CaBundle = "the authority", Certificate = certificate.ExportCertificatePem() };
        if (asked.Spec.RecipientKey is null)
        {
            Server.CreateNamespace("breakglass-grants");
            var keyPem = own.ExportPkcs8PrivateKeyPem();
            Server.Put(new V1Secret { Metadata = new() { Name = grant, NamespaceProperty = "breakglass-grants" }, Data = new Dictionary<string, byte[]>
            {
                ["kubeconfig"] = CredentialKubeconfig.Render(access, "cluster", grant, "payments", keyPem),
                ["tls.crt"] = Encoding.UTF8.GetBytes(access.Certificate), ["tls.key"] = Encoding.UTF8.GetBytes(keyPem),
            } });
        }

        return Activate(grant, then: s => s with
        {
            Path = SessionPath.Gateway, Gateway = access, CredentialJwe = null, CredentialExpiresAt = s.ExpiresAt,
            CredentialSecret = $"breakglass-grants/{grant}",
        });
    }

    /// <summary>Refuses as the operator would.</summary>
    public BreakGlassGrant Deny(string grant, string reason, string message) => SetStatus(grant, g => g.Status with
    {
        Phase = GrantPhase.Denied,
        EndedAt = Clock.GetUtcNow(),
        EndReason = EndReason.Denied,
        Conditions = [new() { Type = "Authorized", Status = "False", Reason = reason, Message = message }],
        Transitions = [new() { To = GrantPhase.Denied, At = Clock.GetUtcNow(), Actor = "breakglass-operator", Reason = reason }],
    });

    /// <summary>Writes a file into the desk's directory and gives its path.</summary>
    public string File(string name, string content)
    {
        var path = Path.Combine(Directory, name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Interruptions.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private CliHost Host() => new()
    {
        Out = TextWriter.Synchronized(_out),
        Error = TextWriter.Synchronized(new Terminal(_error, () => IsTerminalGone)),
        Input = new StringReader(Input),
        ReadSecret = Secrets.Count == 0 ? null : prompt =>
        {
            Prompts.Add(prompt);
            return Secrets.Dequeue();
        },
        OutIsTerminal = OutIsTerminal,
        Variable = name => _variables.GetValueOrDefault(name),
        SetVariable = (name, value) => _variables[name] = value,
        Time = Clock,
        Interruptions = Interruptions,
        Connect = flags =>
        {
            Connected = (flags, _variables.GetValueOrDefault("KUBECONFIG"));
            return new(Server.CreateClient(User),
                new ClusterConnection { Server = new("https://api.example.test:6443"), Impersonate = flags.As is { } user ? new() { User = user } : null });
        },
        RunChild = (command, cancellationToken) =>
        {
            Ran.Add(command);
            return Child(command, cancellationToken);
        },
        CredentialDirectory = CredentialDirectory,
        WorkingDirectory = Directory,
    };

    private static JsonWebKey? KeyOf(GrantSpec spec) => SignedVoucher.TryRead(spec.Voucher, out _)?.Claims.HolderKey ?? spec.RecipientKey;

    private static string Encrypt(JsonWebKey key, string grant, string token)
    {
        if (!RecipientKey.TryParse(key, out var recipient, out var error)) throw new CryptographicException(error);
        return Jwe.Encrypt(CredentialKubeconfig.Render(new("https://10.0.0.1"), null, "cluster", grant, "payments", token), recipient, "application/yaml");
    }
}
