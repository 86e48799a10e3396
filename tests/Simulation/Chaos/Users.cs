using BreakGlass.Core.Api;
using k8s.Models;
using Kube.Client;

namespace Simulation;

/// <summary>People and pipelines, of whom each does something now and then, and some of it in bad faith.</summary>
internal sealed class Users(World world, Random random, Action<string> say)
{
    private static readonly string[] PolicyNames = ["payments", "shops", "everything", "bound"];
    private static readonly string[] NamespaceNames = ["payments", "shop", "shop-2", "lab"];
    private int _grants;
    private int _orphans;

    /// <summary>The longest that a grant lasts.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    public void Begin()
    {
        foreach (var name in NamespaceNames) AddNamespace(name);
        foreach (var name in PolicyNames) world.Server.Put(Policy(name));
    }

    public void Act()
    {
        switch (random.Next(20))
        {
            case < 7: Ask(); break;
            case < 9: Revoke(); break;
            case 9: DeleteGrant(); break;
            case 10 or 11: EditPolicy(); break;
            case 12: DeletePolicy(); break;
            case 13: RestorePolicies(); break;
            case 14 or 15: ChangeNamespaces(); break;
            case < 19: Tamper(); break;
            default: RestoreOrphan(); break;
        }
    }

    /// <summary>Puts back what is missing for grants to be given again.</summary>
    public void RestorePolicies()
    {
        foreach (var name in PolicyNames.Where(n => world.Server.Get<BreakGlassPolicy>(n) is null))
        {
            say($"policy {name} again");
            world.Server.Put(Policy(name));
        }
    }

    private static BreakGlassPolicy Policy(string name) => Sample.Policy(p => Spec(name, p), name);

    private static PolicySpec Spec(string name, PolicySpec p) => name switch
    {
        "payments" => p with { Access = [Sample.Entry("payments", "payments", "lab")] },
        "shops" => p with { Access = [Sample.Selected("shops", "kind", "shop")] },
        "everything" => p with { Access = [Sample.ClusterWide("everything"), Sample.Entry("lab", "lab")] },
        _ => p with { Access = [Sample.Entry("bound", "payments")], Credential = CredentialKind.BindRequester },
    };

    private void Ask()
    {
        var policy = random.Pick(PolicyNames)!;
        var name = $"inc-{++_grants}";
        var seconds = random.Next(20, (int)Longest.TotalSeconds);
        var key = policy != "bound" && random.Next(4) == 0 ? Sample.RecipientKey : null;
        say($"grant {name} of {policy} for {seconds}s{(key is null ? "" : ", encrypted")}");
        world.Server.Put(Sample.Grant(g => g with { Policy = policy, Duration = $"{seconds}s", RecipientKey = key }, name));
    }

    private void Revoke()
    {
        if (random.Pick(world.Server.List<BreakGlassGrant>()) is not { Spec.Revoke: null } grant) return;
        say($"revoke {grant.Metadata.Name}");
        world.Server.Modify<BreakGlassGrant>(grant.Metadata.Name, null, g => g with { Spec = g.Spec with { Revoke = new() { Reason = "done" } } });
    }

    private void DeleteGrant()
    {
        if (random.Pick(world.Server.List<BreakGlassGrant>()) is not { } grant) return;
        say($"delete {grant.Metadata.Name}");
        world.Server.Delete<BreakGlassGrant>(grant.Metadata.Name);
    }

    private void EditPolicy()
    {
        if (random.Pick(world.Server.List<BreakGlassPolicy>()) is not { Metadata.DeletionTimestamp: null } policy) return;
        var name = policy.Metadata.Name;
        var kind = random.Next(3);
        say($"policy {name}: {(kind switch { 0 => "suspended or not", 1 => "narrowed", _ => "as it was" })}");
        world.Server.Modify<BreakGlassPolicy>(name, null, p => p with
        {
            Spec = kind switch
            {
                0 => p.Spec with { Suspended = !p.Spec.Suspended },
                1 => p.Spec with { Access = [Sample.Entry("payments", "lab"), Sample.Entry("bound", "lab"), Sample.Entry("lab", "lab"),
                    Sample.Selected("shops", "kind", "none")] },
                _ => Spec(name, p.Spec) with { Suspended = false },
            },
        });
    }

    private void DeletePolicy()
    {
        if (random.Pick(world.Server.List<BreakGlassPolicy>()) is not { } policy) return;
        say($"delete policy {policy.Metadata.Name}");
        world.Server.Delete<BreakGlassPolicy>(policy.Metadata.Name);
    }

    private void ChangeNamespaces()
    {
        var name = random.Pick(NamespaceNames)!;
        switch (world.Server.Get<V1Namespace>(name))
        {
            case null:
                say($"namespace {name} again");
                AddNamespace(name);
                break;
            case { Metadata.DeletionTimestamp: null } when random.Next(2) == 0:
                say($"delete namespace {name}");
                world.Server.Delete<V1Namespace>(name);
                break;
            case { Metadata.DeletionTimestamp: null } ns:
                var shop = ns.LabelsOrEmpty.GetValueOrDefault("kind") == "shop";
                say($"namespace {name} is {(shop ? "no" : "a")} shop");
                world.Server.Modify<V1Namespace>(name, null, n => n with
                {
                    Metadata = n.Metadata with { Labels = new Dictionary<string, string>(n.LabelsOrEmpty) { ["kind"] = shop ? "other" : "shop" } },
                });
                break;
            default:
                say($"namespace {name} is gone");
                world.Server.FinishNamespaceDeletion(name);
                break;
        }
    }

    private void AddNamespace(string name) =>
        world.Server.CreateNamespace(name, ("kind", name.StartsWith("shop", StringComparison.Ordinal) ? "shop" : "other"));

    private void Tamper()
    {
        if (random.Pick(world.Server.List<V1RoleBinding>()
            .Where(b => b.Metadata.Name.StartsWith("breakglass-inc", StringComparison.Ordinal)).ToList()) is not { } binding) return;
        var (name, ns) = (binding.Metadata.Name, binding.Metadata.NamespaceProperty);
        switch (random.Next(5))
        {
            case 0:
                say($"add mallory to {ns}/{name}");
                world.Server.Modify<V1RoleBinding>(
                    name, ns, b => b with { Subjects = [.. b.Subjects, new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = "mallory" }] });
                break;
            case 1:
                say($"delete {ns}/{name}");
                world.Server.Delete<V1RoleBinding>(name, ns);
                break;
            case 2:
                say($"strip {ns}/{name}");
                world.Server.Modify<V1RoleBinding>(name, ns, b => b with { Metadata =
                    b.Metadata with { Labels = new Dictionary<string, string>(), Annotations = new Dictionary<string, string>(), OwnerReferences = [] } });
                break;
            case 3:
                if (random.Pick(world.Server.List<V1ServiceAccount>("breakglass-grants")) is not { } account) return;
                say($"delete ServiceAccount {account.Metadata.Name}");
                world.Server.Delete<V1ServiceAccount>(account.Metadata.Name, account.Metadata.NamespaceProperty);
                break;
            default:
                if (random.Pick(world.Server.List<SecretMetadata>("breakglass-grants")) is not { } secret) return;
                say($"delete Secret {secret.Metadata.Name}");
                world.Server.Delete<V1Secret>(secret.Metadata.Name, secret.Metadata.NamespaceProperty);
                break;
        }
    }

    /// <summary>Somebody restores a backup: a binding of a grant that is long gone, held by a finalizer.</summary>
    private void RestoreOrphan()
    {
        var name = $"breakglass-old-{++_orphans}-restored";
        say($"restore {name} from a backup");
        world.Server.Put(new V1RoleBinding
        {
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = "kube-system",
                Labels = new Dictionary<string, string> { [BreakGlassApi.ManagedByLabel] = BreakGlassApi.ManagedBy,
                    [BreakGlassApi.GrantLabel] = $"old-{_orphans}" },
                Annotations = new Dictionary<string, string> { [BreakGlassApi.GrantUidAnnotation] = $"uid-old-{_orphans}" },
                Finalizers = random.Next(2) == 0 ? ["example.com/hold"] : [],
            },
            RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "edit" },
            Subjects = [new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = "mallory" }],
        });
    }
}
