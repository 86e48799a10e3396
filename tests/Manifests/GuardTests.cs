using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using Xunit;

namespace Manifests;

/// <summary>The persistence guard's manifests: policies and webhook look at the same writes, and at nobody but the grants' identities.</summary>
public sealed class GuardTests
{
    private const string Identity = "request.userInfo.username.startsWith('system:serviceaccount:breakglass-grants:')";

    private const string Fence = "breakglass-guard-operator";

    private static IReadOnlyList<ManifestObject> Policies => ConfigDirectory.Of("ValidatingAdmissionPolicy");

    private static IEnumerable<string> Table =>
        GuardTable.Rows.SelectMany(row => row.Resources.SelectMany(r => row.Operations.Select(o => $"{o} {r} of '{row.Group}'"))).Distinct();

    [Fact]
    public void Every_policy_is_bound_denies_and_fails_closed()
    {
        Policies.Should().NotBeEmpty();
        foreach (var policy in Policies)
        {
            policy.Node["spec"]!["failurePolicy"]!.GetValue<string>().Should().Be("Fail");
            policy.Node["spec"]!["matchConditions"]!.AsArray().Select(c => c!["expression"]!.GetValue<string>())
                .Should().Equal(policy.Name == Fence ? "request.userInfo.username in ['system:serviceaccount:breakglass-system:breakglass-operator', "
                    + "'system:serviceaccount:breakglass-system:breakglass-reaper']" : Identity);
            ConfigDirectory.Of("ValidatingAdmissionPolicyBinding")
                .Should().ContainSingle(b => b.Node["spec"]!["policyName"]!.GetValue<string>() == policy.Name)
                .Which.Node["spec"]!["validationActions"].Strings().Should().Equal("Deny");
        }
    }

    [Fact]
    public void A_word_of_allowPersistence_that_admission_can_see_has_a_role_and_a_rule()
    {
        var policy = Policies.Single(p => p.Name == "breakglass-guard").Node["spec"]!;
        var expressions = string.Concat(
            policy["validations"]!.AsArray().Concat(policy["variables"]!.AsArray()).Select(v => v!["expression"]!.GetValue<string>()));
        foreach (var word in Enum.GetValues<PersistenceKind>().Select(way => way.ApiWord).OfType<string>())
        {
            ConfigDirectory.Of("ClusterRole").Single(r => r.Name == $"breakglass-persistence-{word}").Node["rules"]![0]!["resourceNames"].Strings()
                .Should().Equal(word);
            expressions.Should().Contain($"'{word}'");
        }

        expressions.Should().Contain(".name(variables.way).check('use')");

        // Whoever may do everything may "use" everything: the authorizer is never asked about the one who writes.
        expressions.Replace("authorizer.serviceAccount('breakglass-grants', variables.holder)", "").Should().NotContain("authorizer");
    }

    [Fact]
    public void What_marks_is_asked_about_grants_alone_and_holds_up_no_incident()
    {
        var webhook = ConfigDirectory.Of("MutatingWebhookConfiguration").Single(o => o.Name == "breakglass-operator-stamp").Node["webhooks"]!.AsArray()
            .Should().ContainSingle().Subject!;
        webhook["failurePolicy"]!.GetValue<string>().Should().Be("Ignore");
        webhook["matchConditions"]!.AsArray().Select(c => c!["expression"]!.GetValue<string>()).Should().Contain(Identity);
        webhook["rules"]!.AsArray().Select(rule => $"{string.Join(',', rule!["operations"].Strings())} {string.Join(',', rule["resources"].Strings())}")
            .Should().Equal(["CREATE *", "UPDATE */*"], "a label is taken off through a subresource, too");

        // A parameter that cannot be read is nobody's reason to refuse what everybody creates.
        var policy = ConfigDirectory.Of("MutatingAdmissionPolicy").Should().ContainSingle().Subject;
        policy.Node["spec"]!["failurePolicy"]!.GetValue<string>().Should().Be("Ignore");
        var binding = ConfigDirectory.Of("MutatingAdmissionPolicyBinding").Should().ContainSingle().Subject;
        binding.Node["spec"]!["paramRef"]!["parameterNotFoundAction"]!.GetValue<string>().Should().Be("Allow");
        binding.Node["spec"]!["paramRef"]!["namespace"]!.GetValue<string>().Should().Be("breakglass-grants");
    }

    /// <summary>Another project's webhook may overwrite app.kubernetes.io/managed-by, which the operator does not repair: then nothing was marked.</summary>
    [Fact]
    public void What_marks_in_the_API_server_finds_the_grants_identities_by_a_label_of_our_own()
    {
        var selector = ConfigDirectory.Of("MutatingAdmissionPolicyBinding").Should().ContainSingle().Subject.Node["spec"]!["paramRef"]!["selector"]!;
        selector["matchLabels"].Should().BeNull();
        var expression = selector["matchExpressions"]!.AsArray().Should().ContainSingle().Subject!;
        (expression["key"]!.GetValue<string>(), expression["operator"]!.GetValue<string>()).Should().Be((BreakGlassApi.GrantLabel, "Exists"));
    }

    [Fact]
    public void The_policy_looks_at_every_write_of_the_table_and_at_no_other() =>
        Writes(Policies.Single(p => p.Name == "breakglass-guard").Node["spec"]!["matchConstraints"]!["resourceRules"]!).Should().BeEquivalentTo(Table);

    // Older servers ask about everybody's writes: the status of our kinds, which the operator writes all the time, is left out there.
    [KubectlTheory]
    [InlineData("guard", "*/*")]
    [InlineData("guard-1.28", "*/*")]
    [InlineData("guard-legacy", "*")]
    public async Task The_webhook_looks_at_every_write_of_the_table_and_at_no_other(string directory, string ours)
    {
        var webhooks = (await WebhooksAsync(directory)).Where(w => w["name"]!.GetValue<string>() != "namespaces.guard.breakglass.dev").ToList();
        webhooks.SelectMany(w => Writes(w["rules"]!))
            .Should().BeEquivalentTo(Table.Select(w => w.Replace("*/* of 'breakglass.dev'", $"{ours} of 'breakglass.dev'", StringComparison.Ordinal)));
    }

    // A flood of Secrets held up the question whether a RoleBinding may be written: each entry is asked on a path of its own, which the operator
    // chooses by its name.
    [KubectlTheory]
    [InlineData("guard")]
    [InlineData("guard-legacy")]
    public async Task Each_entry_of_the_webhook_has_a_name_of_its_own(string directory) =>
        (await WebhooksAsync(directory)).Select(w => w["name"]!.GetValue<string>()).Should().Equal(GuardWebhooks);

    [KubectlTheory]
    [InlineData("guard", "Fail")]
    [InlineData("guard-1.28", "Fail")]
    [InlineData("guard-legacy", "Ignore")]
    public async Task The_webhook_fails_closed_only_where_it_is_asked_about_grants_alone(string directory, string failurePolicy)
    {
        foreach (var webhook in await WebhooksAsync(directory))
        {
            webhook["failurePolicy"]!.GetValue<string>().Should().Be(failurePolicy);
            webhook["sideEffects"]!.GetValue<string>().Should().Be("NoneOnDryRun");
            webhook["timeoutSeconds"]!.GetValue<long>().Should().Be(10, "a flood of requests must not outlast it, and nobody should wait longer");
            var conditions = (webhook["matchConditions"] as JsonArray)?.Select(c => c!["expression"]!.GetValue<string>()) ?? [];
            conditions.Contains(Identity).Should().Be(failurePolicy == "Fail");
        }
    }

    private static readonly string[] GuardWebhooks = ["objects.guard.breakglass.dev", "secrets.guard.breakglass.dev", "kube-system.guard.breakglass.dev",
        "namespaces.guard.breakglass.dev"];

    private static async Task<IReadOnlyList<JsonNode>> WebhooksAsync(string directory) =>
        [.. YamlText.Parse(await Kubectl.RenderAsync(Path.Combine(ConfigDirectory.Root, directory)))
            .Single(o => o["kind"]!.GetValue<string>() == "MutatingWebhookConfiguration"
                && o["metadata"]!["name"]!.GetValue<string>() == "breakglass-operator-guard")["webhooks"]!.AsArray().Select(w => w!)];

    private static IEnumerable<string> Writes(JsonNode rules) => rules.AsArray().SelectMany(rule =>
        rule!["apiGroups"].Strings().SelectMany(
            g => rule["resources"].Strings().SelectMany(r => rule["operations"].Strings().Select(o => $"{o} {r} of '{g}'")))).Distinct();
}
