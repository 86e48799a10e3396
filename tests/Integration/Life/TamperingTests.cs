using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Xunit;

namespace Integration.Life;

/// <summary>Somebody with rights of their own changes what the operator made.</summary>
public sealed class TamperingTests(SharedOperator shared) : IClassFixture<SharedOperator>
{
    private readonly TestCluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_subject_added_to_our_binding_is_taken_out_again_and_it_is_told()
    {
        var (incident, binding) = await ActiveAsync();
        var before = await RepairsAsync("RoleBinding");

        await PatchAsync(incident, binding,
            """[{"op":"add","path":"/subjects/-","value":{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"mallory"}}]""");

        await Eventually.TrueAsync(async () => await SubjectsAsync(incident, binding) == 1);
        await incident.RefusedAsync(_cluster.Mallory);
        await ToldAsync(incident);
        (await RepairsAsync("RoleBinding")).Should().BeGreaterThan(before);
        await EndAsync(incident);
    }

    [Fact]
    public async Task A_binding_that_was_replaced_by_one_of_another_role_is_made_again_and_gives_no_more_than_it_did()
    {
        var (incident, ours, kubeconfig) = await ReplacedAsync();
        var binding = ours.Metadata.Name;

        await Eventually.TrueAsync(async () =>
            await _cluster.Admin.TryGetAsync<V1RoleBinding>(binding, incident.Namespace, CancellationToken.None) is { } now && now.RoleRef == ours.RoleRef
                && now.Subjects.SequenceEqual(ours.Subjects),
            expected: $"{ours.RoleRef.Name} in place of admin");
        await incident.AllowedAsync(kubeconfig);
        await Eventually.TrueAsync(async () => !await MayBindAsync(incident), expected: "no right to write roles, which admin gives");
        await Eventually.TrueAsync(async () => (await _cluster.Admin.ListAsync<k8s.Models.Eventsv1Event>(new(), CancellationToken.None)).Items
            .Any(e => e.Reason == "DriftRepaired" && e.Regarding?.Name == incident.Grant && e.Note!.Contains(
                $"RoleBinding {incident.Namespace}/{binding}", StringComparison.Ordinal)), expected: "the event DriftRepaired, of this binding");
        await EndAsync(incident);
        await incident.RefusedAsync(kubeconfig);
    }

    [Fact]
    public async Task A_binding_that_was_deleted_is_there_again()
    {
        var (incident, binding) = await ActiveAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();

        await _cluster.AdminAsync("delete", "rolebinding", "-n", incident.Namespace, binding);

        await incident.AllowedAsync(kubeconfig);
        await ToldAsync(incident);
        await EndAsync(incident);
        await incident.RefusedAsync(kubeconfig);
    }

    [Fact]
    public async Task Labels_and_annotations_that_were_stripped_are_there_again_and_the_end_finds_the_binding_all_the_same()
    {
        var (incident, binding) = await ActiveAsync();

        await PatchAsync(incident, binding, """[{"op":"remove","path":"/metadata/labels"},{"op":"remove","path":"/metadata/annotations"}]""");

        await Eventually.TrueAsync(async () => (await _cluster.MadeForAsync(incident.Grant)).Contains($"RoleBinding {incident.Namespace}/{binding}"));
        await ToldAsync(incident);
        await EndAsync(incident);
        (await _cluster.AdminAsync("get", "rolebindings", "-n", incident.Namespace, "-o", "name")).Should().BeEmpty();
    }

    [Fact]
    public async Task A_finalizer_that_somebody_puts_on_our_binding_does_not_keep_access()
    {
        var (incident, binding) = await ActiveAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await incident.AllowedAsync(kubeconfig);
        await PatchAsync(incident, binding, """[{"op":"add","path":"/metadata/finalizers","value":["example.com/keep-me"]}]""");

        await incident.RevokeAsync();

        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        await incident.RefusedAsync(kubeconfig);
    }

    [Fact]
    public async Task An_expiry_that_somebody_moved_on_our_binding_is_put_right_for_the_reaper_goes_by_it()
    {
        var (incident, binding) = await ActiveAsync();
        await _cluster.AdminAsync("delete", "rolebinding", "-n", incident.Namespace, binding);
        await Eventually.TrueAsync(async () => (await _cluster.MadeForAsync(incident.Grant)).Contains($"RoleBinding {incident.Namespace}/{binding}"));

        await _cluster.AdminAsync(
            "annotate", "rolebinding", "-n", incident.Namespace, binding, "--overwrite", "breakglass.dev/expires-at=2999-01-01T00:00:00Z");

        var due = (await incident.ReadAsync()).Status.ExpiresAt!.Value;
        await Eventually.TrueAsync(async () => DateTimeOffset
            .Parse(await _cluster.AdminAsync(
                "get", "rolebinding", "-n", incident.Namespace, binding, "-o", @"jsonpath={.metadata.annotations.breakglass\.dev/expires-at}"),
            System.Globalization.CultureInfo.InvariantCulture) - due < TimeSpan.FromSeconds(1));
        await EndAsync(incident);
    }

    [Fact]
    public async Task A_ServiceAccount_that_was_deleted_is_made_again_with_a_new_token_and_the_old_one_is_dead()
    {
        var (incident, _) = await ActiveAsync();
        var old = await incident.FetchKubeconfigAsync();
        await incident.AllowedAsync(old);
        var (ns, name) = Incident.SecretOf(await incident.ReadAsync());

        await _cluster.AdminAsync("delete", "serviceaccount", "-n", ns, name);

        await incident.RefusedAsync(old);
        await Eventually.TrueAsync(async () => await TryAsync(incident));
        await EndAsync(incident);
    }

    [Fact]
    public async Task A_reader_that_was_added_to_the_credential_is_taken_out_again()
    {
        var (incident, _) = await ActiveAsync();
        var (ns, name) = Incident.SecretOf(await incident.ReadAsync());

        await _cluster.AdminAsync("patch", "rolebinding", "-n", ns, $"{name}-reader", "--type=json", "-p",
            """[{"op":"add","path":"/subjects/-","value":{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"mallory"}}]""");

        await Eventually.TrueAsync(async () => (await _cluster.KubectlAsync(_cluster.Mallory, "get", "secret", "-n", ns, name)).Error
            .Contains("Forbidden", StringComparison.Ordinal));
        await ToldAsync(incident);
        await EndAsync(incident);
    }

    [Fact]
    public async Task A_grants_finalizer_that_somebody_takes_away_is_there_again()
    {
        var (incident, _) = await ActiveAsync();

        await _cluster.AdminAsync("patch", "bgg", incident.Grant, "--type=merge", "-p", """{"metadata":{"finalizers":null}}""");

        await Eventually.TrueAsync(async () => (await incident.ReadAsync()).FinalizersOrEmpty.Contains(BreakGlassApi.RevokeFinalizer));
        await EndAsync(incident);
    }

    /// <summary>
    /// Puts a binding of the role <c>admin</c> in the place of that of an active grant, and gives the grant's own. Each time the operator is faster, that is a
    /// repair, and after a few of them it leaves the place alone: then it is another grant's turn.
    /// </summary>
    private async Task<(Incident Incident, V1RoleBinding Ours, string Kubeconfig)> ReplacedAsync()
    {
        for (var grants = 0; grants < 20; grants++)
        {
            var (incident, binding) = await ActiveAsync();
            var kubeconfig = await incident.FetchKubeconfigAsync();
            var ours = await _cluster.Admin.GetAsync<V1RoleBinding>(binding, incident.Namespace, CancellationToken.None);

            // A roleRef cannot be changed, so an attacker deletes the binding and creates it again with another one, and with all its marks.
            var meta = ours.Metadata with { Uid = null, ResourceVersion = null, CreationTimestamp = null };
            var other = ours with { Metadata = meta, RoleRef = ours.RoleRef with { Name = "admin" } };
            for (var tries = 0; tries < PlaceHistory.MostRepairs - 2; tries++)
                if (await TryReplaceAsync(other)) return (incident, ours, kubeconfig);
            await EndAsync(incident);
        }

        throw new TimeoutException("the operator was faster each time");
    }

    /// <summary>Creates the binding in place of whatever stands there; false where the operator was faster.</summary>
    private async Task<bool> TryReplaceAsync(V1RoleBinding other)
    {
        await _cluster.Admin.DeleteAsync<V1RoleBinding>(other.Metadata.Name, other.Metadata.NamespaceProperty, new(), CancellationToken.None);
        try
        {
            await _cluster.Admin.CreateAsync(other, CancellationToken.None);
            return true;
        }
        catch (Kube.Client.KubeApiException e) when (e.IsAlreadyExists)
        {
            return false;
        }
    }

    /// <summary>Whether the grant's identity may write roles there, asked of the authorizer.</summary>
    private async Task<bool> MayBindAsync(Incident incident)
    {
        var identity = (await incident.ReadAsync()).Status.ServiceAccount!.Split('/');
        var question = new V1SubjectAccessReview
        {
            Spec = new()
            {
                User = $"system:serviceaccount:{identity[0]}:{identity[1]}", Groups = ["system:authenticated"],
                ResourceAttributes =
                    new() { Verb = "create", Group = "rbac.authorization.k8s.io", Resource = "rolebindings", NamespaceProperty = incident.Namespace },
            },
        };
        return (await _cluster.Admin.CreateAsync(question, CancellationToken.None)).Status!.Allowed;
    }

    private async Task<bool> TryAsync(Incident incident)
    {
        var (ns, name) = Incident.SecretOf(await incident.ReadAsync());
        var read = await _cluster.KubectlAsync(_cluster.Alice, "get", "secret", "-n", ns, name, "-o", "jsonpath={.data.kubeconfig}");
        return read is { ExitCode: 0, Output.Length: > 0 }
            && await incident.CanReadAsync(await incident.SaveKubeconfigAsync(Convert.FromBase64String(read.Output)));
    }

    private async Task<(Incident Incident, string Binding)> ActiveAsync()
    {
        var incident = await Incident.BeginAsync(_cluster);
        return (incident, Incident.BindingOf(await incident.ActivateAsync()));
    }

    private Task PatchAsync(Incident incident, string binding, string patch) =>
        _cluster.AdminAsync("patch", "rolebinding", "-n", incident.Namespace, binding, "--type=json", "-p", patch);

    private async Task<int> SubjectsAsync(Incident incident, string binding) =>
        (await _cluster.Admin.GetAsync<V1RoleBinding>(binding, incident.Namespace, CancellationToken.None)).SubjectsOrEmpty.Count;

    private Task ToldAsync(Incident incident) => Eventually
        .TrueAsync(async () => (await _cluster.EventsAsync("BreakGlassGrant", incident.Grant)).Any(e => e is { Type: "Warning", Reason: "DriftRepaired" }),
        expected: "the event DriftRepaired");

    private async Task<double> RepairsAsync(string kind) =>
        (await shared.Operator.MetricsAsync())[$$"""breakglass_operator_drift_repairs_total{kind="{{kind}}"}"""];

    private static async Task EndAsync(Incident incident)
    {
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    }
}
