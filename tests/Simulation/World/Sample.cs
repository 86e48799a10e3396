using System.Security.Cryptography;
using BreakGlass.Core.Api;
using k8s.Models;
using Kube.Client;

namespace Simulation;

/// <summary>A policy, a grant and a key as the tests here need them.</summary>
internal static class Sample
{
    /// <summary>Grants last two minutes, so that a whole life takes few steps of the clock.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromMinutes(2);

    public const string Justification = "checkout returns 5xx since the 01:00 deploy, need to roll back";

    public static JsonWebKey RecipientKey { get; } = NewKey();

    public static BreakGlassPolicy Policy(Func<PolicySpec, PolicySpec>? change = null, string name = "payments-oncall") => new()
    {
        Metadata = new() { Name = name },
        Spec = (change ?? (s => s))(new()
        {
            Mode = PolicyMode.BreakGlass,
            Requesters = [new() { Kind = "Group", Name = "payments-oncall" }],
            Access = [Entry("payments", "payments")],
            Duration = new() { Default = "2m", Max = "1h" },
        }),
    };

    public static BreakGlassGrant Grant(Func<GrantSpec, GrantSpec>? change = null, string name = "inc-4711") => new()
    {
        Metadata = new() { Name = name },
        Spec = (change ?? (s => s))(new()
        {
            Policy = "payments-oncall",
            Justification = Justification,
            Ticket = "INC-4711",
            Requester = new() { Username = "alice", Groups = ["payments-oncall"] },
        }),
    };

    public static AccessEntry Entry(string name, params string[] namespaces) => new()
    {
        Name = name,
        RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "edit" },
        Namespaces = namespaces,
    };

    public static AccessEntry ClusterWide(string name) =>
        new() { Name = name, RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "view" }, ClusterWide = true };

    public static AccessEntry Selected(string name, string key, string value) => new()
    {
        Name = name,
        RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "edit" },
        NamespaceSelector = new() { MatchLabels = new Dictionary<string, string> { [key] = value } },
    };

    private static JsonWebKey NewKey()
    {
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var q = key.ExportParameters(includePrivateParameters: false).Q;
        return new() { Kty = "EC", Crv = "P-256", X = Text(q.X!), Y = Text(q.Y!) };
    }

    private static string Text(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
