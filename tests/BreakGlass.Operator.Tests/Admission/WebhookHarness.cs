using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using BreakGlass.Operator.Admission;
using BreakGlass.Operator.Sealing;
using k8s;
using k8s.Models;
using Kube.Client;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using Simulation;
using TestKit;
using TestKit.Builders;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>
/// Both webhooks in front of a fake API server, as the real one would use them: first the mutating, then the validating one, then it stores.
/// </summary>
internal sealed class WebhookHarness : IDisposable
{
    public const string Ns = "breakglass-system";

    private ClusterView? _held;

    private WebhookHarness(CoreSettings? settings)
    {
        Settings = settings ?? new() { OperatorNamespace = Ns };
        Server = new(Clock);
        InstalledRbac.Install(Server);
        Server.CreateNamespace("payments");
        Server.Put(A.ClusterRole("edit", A.Rule("", "pods", "get", "update")));
        Server.Put(A.ClusterRole(
            "binder", new V1PolicyRule { ApiGroups = [V1Role.KubeGroup], Resources = ["clusterroles"], ResourceNames = ["edit"], Verbs = ["bind"] }));
        Client = Server.CreateClient(InstalledRbac.Operator);
        Book = new(Client, Ns, Clock, NullLogger.Instance);
        var failClosed = new FailClosed(Clock, NullLogger.Instance);
        Mutate = failClosed.Around(
            new Mutator(Client, Book, Settings, new AuthorRights(Client), View, () => Server.List<BreakGlassPolicy>(), Clock.GetUtcNow).HandleAsync);
        Validate = failClosed.Around(new Validator(
            Client, Book, Settings, new RevokeRight(Client, NullLogger.Instance), View, new PendingRequests(_ => Waiting, Clock), Clock,
            Clock.GetUtcNow).HandleAsync);
    }

    public static async Task<WebhookHarness> OpenAsync(CoreSettings? settings = null)
    {
        var webhooks = new WebhookHarness(settings);
        await webhooks.Book.RefreshAsync(default);
        return webhooks;
    }

    public CoreSettings Settings { get; }

    public FakeClock Clock { get; } = new(A.Start);

    public FakeApiServer Server { get; }

    public KubeClient Client { get; }

    public SealKeyring Book { get; }

    public AdmissionHandler Mutate { get; }

    public AdmissionHandler Validate { get; }

    /// <summary>The grants that the cache shows.</summary>
    public List<BreakGlass.Core.Api.BreakGlassGrant> Waiting { get; } = [];

    public bool HasSynced { get; set; } = true;

    /// <summary>The caches of namespaces and roles stand still from now on, as they were at this moment.</summary>
    public void HoldCaches()
    {
        var (namespaces, clusterRoles, roles) = (Server.List<V1Namespace>(), Server.List<V1ClusterRole>(), Server.List<V1Role>());
        _held = new(
            namespaces, n => clusterRoles.FirstOrDefault(r => r.Metadata.Name == n),
            (ns, n) => roles.FirstOrDefault(r => r.Metadata.Name == n && r.Metadata.NamespaceProperty == ns),
            n => namespaces.FirstOrDefault(o => o.Metadata.Name == n));
    }

    public static V1UserInfo User(string name, params string[] groups) => new() { Username = name, Groups = [.. groups, "system:authenticated"] };

    /// <summary>Lets somebody bind the ClusterRole edit, everywhere or in one namespace.</summary>
    public void LetBind(string user, string? ns = null)
    {
        var role = new V1RoleRef { ApiGroup = V1Role.KubeGroup, Kind = "ClusterRole", Name = "binder" };
        if (ns is null) Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = $"{user}-binds" }, RoleRef = role, Subjects = [Bound.User(user)] });
        else Server.Put(
            new V1RoleBinding { Metadata = new() { Name = $"{user}-binds", NamespaceProperty = ns }, RoleRef = role, Subjects = [Bound.User(user)] });
    }

    /// <summary>Lets somebody end other people's grants, or one of them.</summary>
    public void LetRevoke(string user, string? grant = null)
    {
        Server.Put(new V1ClusterRole
        {
            Metadata = new() { Name = $"{user}-revoker" },
            Rules = [new() { ApiGroups = [BreakGlassApi.Group], Resources = [KubeKinds.Of<BreakGlassGrant>().Resource.Plural], ResourceNames = grant is null
                ? [] : [grant], Verbs = [RevokeRight.Verb] }],
        });
        Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = $"{user}-revokes" },
            RoleRef = new() { ApiGroup = V1Role.KubeGroup, Kind = "ClusterRole", Name = $"{user}-revoker" }, Subjects = [Bound.User(user)] });
    }

    /// <summary>A write as the API server would carry it out; what is allowed is stored.</summary>
    public async Task<AdmissionAnswer> WriteAsync<T>(T? o, T? old, V1UserInfo user, bool dryRun = false)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var request = Request(o, old, user, dryRun);
        var answer = await Mutate(request, default);
        if (!answer.Allowed) return answer;
        var patched = Patched(request, answer);
        answer = await Validate(request with { Object = patched }, default);
        if (answer.Allowed && !dryRun && patched is { } stored)
        {
            var typed = stored.Deserialize(KubeKinds.Of<T>().Json)!;
            Server.Put(typed.WithMetadata(
                typed.Metadata with { Uid = old?.Metadata.Uid ?? $"uid-{typed.Metadata.Name}", CreatedAt = old?.Metadata.CreatedAt ?? Clock.GetUtcNow() }));
        }

        return answer;
    }

    public Task<AdmissionAnswer> CreateAsync<T>(T o, V1UserInfo user, bool dryRun = false)
        where T : class, IKubernetesObject<V1ObjectMeta> => WriteAsync(o, null, user, dryRun);

    public Task<AdmissionAnswer> UpdateAsync<T>(string name, Func<T, T> change, V1UserInfo user)
        where T : class, IKubernetesObject<V1ObjectMeta> => WriteAsync(change(Stored<T>(name)), Stored<T>(name), user);

    public T Stored<T>(string name)
        where T : class, IKubernetesObject<V1ObjectMeta> => Server.Get<T>(name) ?? throw new InvalidOperationException($"{name} was not stored");

    public SealState SealOf<T>(string name)
        where T : class, IKubernetesObject<V1ObjectMeta> => Book.Verify(Stored<T>(name));

    public static AdmissionRequest Request<T>(T? o, T? old, V1UserInfo user, bool dryRun = false)
        where T : class, IKubernetesObject<V1ObjectMeta> => new()
        {
            Uid = "u-1",
            Kind = new() { Group = KubeKinds.Of<T>().Resource.Group, Version = KubeKinds.Of<T>().Resource.Version, Kind = KubeKinds.Of<T>().Resource.Kind },
            Resource = new() { Group = KubeKinds.Of<T>().Resource.Group, Version = KubeKinds.Of<T>().Resource.Version,
                Resource = KubeKinds.Of<T>().Resource.Plural },
            Name = (o ?? old)!.Metadata.Name,
            Operation = o is null ? "DELETE" : old is null ? "CREATE" : "UPDATE",
            UserInfo = user,
            Object = o is null ? null : JsonSerializer.SerializeToElement(o, KubeKinds.Of<T>().Json),
            OldObject = old is null ? null : JsonSerializer.SerializeToElement(old, KubeKinds.Of<T>().Json),
            DryRun = dryRun,
        };

    /// <summary>The object after the patch of an answer.</summary>
    public static JsonElement? Patched(AdmissionRequest request, AdmissionAnswer answer)
    {
        if (request.Object is not { } o) return null;
        var node = JsonNode.Parse(o.GetRawText())!;
        foreach (var operation in answer.Patch ?? [])
        {
            var path = operation!["path"]!.GetValue<string>().Split('/')[1..]
                .Select(p => p.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)).ToList();
            var at = path[..^1].Aggregate(node, (at, name) => at[name]!);
            if (at is JsonArray list)
            {
                list.Add(operation["value"]!.DeepClone());
                continue;
            }

            var parent = at.AsObject();
            if (operation["op"]!.GetValue<string>() == "remove")
            {
                if (!parent.Remove(path[^1])) throw new InvalidOperationException($"nothing to remove at {string.Join('/', path)}");
            }
            else
            {
                parent[path[^1]] = operation["value"]?.DeepClone();
            }
        }

        return JsonDocument.Parse(node.ToJsonString()).RootElement;
    }

    public void Dispose()
    {
        Book.Dispose();
        Client.Dispose();
    }

    private ClusterView View() => !HasSynced
        ? throw new NotReadyException("the operator has not read the cluster's roles since it started")
        : _held ?? new(Server.List<V1Namespace>(), n => Server.Get<V1ClusterRole>(n), (ns, n) => Server.Get<V1Role>(n, ns), n => Server.Get<V1Namespace>(n));
}
