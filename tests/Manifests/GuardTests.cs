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

    [KubectlTheory]
    [InlineData("guard", "Fail")]
    [InlineData("guard-legacy", "Ignore")]
    public async Task The_webhook_fails_closed_only_where_it_is_asked_about_grants_alone(string directory, string failurePolicy)
    {
        var configuration = YamlText.Parse(await Kubectl.RenderAsync(Path.Combine(ConfigDirectory.Root, directory))).Single(o => o["kind"]!.GetValue<string>() == "MutatingWebhookConfiguration");
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
