using BreakGlass.Cli.Tests.Support;
using FluentAssertions;
using TestKit.Builders;

namespace BreakGlass.Cli.Tests.Vouchers;

/// <summary>An offline machine: keys, a voucher and a kit as people make them, with the plugin alone.</summary>
internal sealed class Safe : IDisposable
{
    public const string Passphrase = "correct horse battery staple";

    private readonly string _passphrase;

    public Safe() => _passphrase = Plugin.File("passphrase", Passphrase + "\n");

    public PluginHarness Plugin { get; } = new();

    public string Manifest => At("authority.yaml");

    public string Voucher => At("alice.voucher");

    public string Kit => At("prod.kit");

    public string At(string name) => Path.Combine(Plugin.Directory, name);

    public void Dispose() => Plugin.Dispose();

    /// <summary>Runs a command that has to succeed, and gives what it wrote for scripts.</summary>
    public async Task<string> RunAsync(params string[] args)
    {
        Plugin.Clear();
        (await Plugin.RunAsync(["voucher", .. args, "--passphrase-file", _passphrase])).Should().Be(0, Plugin.Error);
        return Plugin.Out;
    }

    /// <summary>Runs a command that fails, and gives its code and what it said.</summary>
    public async Task<(int Code, string Error)> FailAsync(params string[] args)
    {
        Plugin.Clear();
        var code = await Plugin.RunAsync(["voucher", .. args, "--passphrase-file", _passphrase]);
        code.Should().NotBe(0);
        return (code, Plugin.Error);
    }

    /// <summary>Two keys, of which <paramref name="required"/> must sign, and the key of alice.</summary>
    public async Task MakeKeysAsync(int required = 1)
    {
        await File.WriteAllTextAsync(Manifest, await RunAsync("authority", "offline-2026", "--private-key", At("first.pem"), "--required", $"{required}"));
        await RunAsync("authority", "offline-2026", "--private-key", At("second.pem"), "--type", "Ed25519", "--into", Manifest);
        await File.WriteAllTextAsync(At("alice.jwk"), await RunAsync("holder", "--private-key", At("alice.key")));
    }

    public Task<string> IssueAsync(params string[] more) => RunAsync([.. Issue, "--out", Voucher, .. more]);

    public string[] Issue =>
    [
        "issue", "--key", At("first.pem"), "--authority", "offline-2026", "--cluster", OfflineDesk.Cluster, "--person", "alice", "--policy", "payments-oncall",
        "--holder", At("alice.jwk"),
    ];

    public Task<string> SignAsync() => RunAsync("sign", Voucher, "--key", At("second.pem"), "--out", Voucher);

    public Task<string> PackAsync()
    {
        Plugin.File("courier.kubeconfig", """
            apiVersion: v1
            kind: Config
            clusters: [{name: prod, cluster: {server: "https://api.example.test:6443"}}]
            users: [{name: courier, user: {token: the-couriers-token}}]
            contexts: [{name: prod, context: {cluster: prod, user: courier}}]
            current-context: prod
            """);
        return RunAsync("kit", "--voucher", Voucher, "--holder-key", At("alice.key"), "--courier", At("courier.kubeconfig"), "--out", Kit);
    }
}
