using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace Manifests;

/// <summary>The persistence guard's manifests: policies and webhook look at the same writes, and at nobody but the grants' identities.</summary>
public sealed class GuardTests
{
    private const string Identity = "request.userInfo.username.startsWith('system:serviceaccount:breakglass-grants:')";

    private static IReadOnlyList<ManifestObject> Policies => ConfigDirectory.Of("ValidatingAdmissionPolicy");

    [Fact]
    public void Every_policy_is_bound_denies_and_fails_closed()
    {
        Policies.Should().NotBeEmpty();
        foreach (var policy in Policies)
        {
            policy.Node["spec"]!["failurePolicy"]!.GetValue<string>().Should().Be("Fail");
            policy.Node["spec"]!["matchConditions"]!.AsArray().Select(c => c!["expression"]!.GetValue<string>()).Should().Equal(Identity);
            ConfigDirectory.Of("ValidatingAdmissionPolicyBinding").Should().ContainSingle(b => b.Node["spec"]!["policyName"]!.GetValue<string>() == policy.Name)
                .Which.Node["spec"]!["validationActions"].Strings().Should().Equal("Deny");
        }
    }

    [Fact]
    public void A_word_of_allowPersistence_that_admission_can_see_has_a_role_and_a_rule()
    {
        var expressions = string.Concat(Policies.Single(p => p.Name == "breakglass-guard").Node["spec"]!["validations"]!.AsArray().Select(v => v!["expression"]!.GetValue<string>()));
        foreach (var word in (string[])["rbac", "tokens", "csr", "webhooks"])
        {
            ConfigDirectory.Of("ClusterRole").Single(r => r.Name == $"breakglass-persistence-{word}").Node["rules"]![0]!["resourceNames"].Strings().Should().Equal(word);
            expressions.Should().Contain($".name('{word}').check('use')");
        }

        // Whoever may do everything may "use" everything: the authorizer is never asked about the one who writes.
        expressions.Replace("authorizer.serviceAccount('breakglass-grants', variables.holder)", "").Should().NotContain("authorizer");
    }

    [Fact]
    public void What_marks_is_asked_about_grants_alone_and_holds_up_no_incident()
    {
        var webhook = ConfigDirectory.Of("MutatingWebhookConfiguration").Single(o => o.Name == "breakglass-operator-stamp").Node["webhooks"]!.AsArray().Should().ContainSingle().Subject!;
        webhook["failurePolicy"]!.GetValue<string>().Should().Be("Ignore");
        webhook["matchConditions"]!.AsArray().Select(c => c!["expression"]!.GetValue<string>()).Should().Contain(Identity);
        webhook["rules"]!.AsArray().Should().ContainSingle().Which!["operations"].Strings().Should().Equal("CREATE", "UPDATE");

        // A parameter that cannot be read is nobody's reason to refuse what everybody creates.
        var policy = ConfigDirectory.Of("MutatingAdmissionPolicy").Should().ContainSingle().Subject;
        policy.Node["spec"]!["failurePolicy"]!.GetValue<string>().Should().Be("Ignore");
        var binding = ConfigDirectory.Of("MutatingAdmissionPolicyBinding").Should().ContainSingle().Subject;
        binding.Node["spec"]!["paramRef"]!["parameterNotFoundAction"]!.GetValue<string>().Should().Be("Allow");
        binding.Node["spec"]!["paramRef"]!["namespace"]!.GetValue<string>().Should().Be("breakglass-grants");
    }

    [KubectlTheory]
    [InlineData("guard", "Fail")]
    [InlineData("guard-legacy", "Ignore")]
    public async Task The_webhook_fails_closed_only_where_it_is_asked_about_grants_alone(string directory, string failurePolicy)
    {
        var configuration = YamlText.Parse(await Kubectl.RenderAsync(Path.Combine(ConfigDirectory.Root, directory))).Single(o => o["kind"]!.GetValue<string>() == "MutatingWebhookConfiguration" && o["metadata"]!["name"]!.GetValue<string>() == "breakglass-operator-guard");
        foreach (var webhook in configuration["webhooks"]!.AsArray())
        {
            webhook!["failurePolicy"]!.GetValue<string>().Should().Be(failurePolicy);
            webhook["sideEffects"]!.GetValue<string>().Should().Be("NoneOnDryRun");
            webhook["timeoutSeconds"]!.GetValue<long>().Should().BeLessThanOrEqualTo(5);
            var conditions = (webhook["matchConditions"] as JsonArray)?.Select(c => c!["expression"]!.GetValue<string>()) ?? [];
            conditions.Contains(Identity).Should().Be(failurePolicy == "Fail");
            webhook["clientConfig"]!["service"]!["path"]!.GetValue<string>().Should().Be("/guard");
        }
    }
}
