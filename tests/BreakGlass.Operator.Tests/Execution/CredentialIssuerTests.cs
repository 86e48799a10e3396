using BreakGlass.Core.Lifecycle;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Execution;
using FluentAssertions;
using Kube.Client;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Execution;

public sealed class CredentialIssuerTests
{
    /// <summary>The token is only for the proof, and the Secret and the ServiceAccount are killed after this step.</summary>
    [Fact]
    public async Task A_token_request_that_is_answered_without_a_token_does_not_keep_the_credential_alive()
    {
        var (clock, grant) = (new FakeClock(), A.Grant());
        var meta = """{"name":"inc-4711","namespace":"breakglass-grants","uid":"3"}""";
        var client = new CannedServer(clock)
            .Answers("/api/v1/namespaces/breakglass-grants/secrets/inc-4711", $$"""{"apiVersion":"v1","kind":"Secret","metadata":{{meta}}}""")
            .Answers("/api/v1/namespaces/breakglass-grants/serviceaccounts/inc-4711", $$"""{"apiVersion":"v1","kind":"ServiceAccount","metadata":{{meta}}}""")
            .Answers(
                "/api/v1/namespaces/breakglass-grants/serviceaccounts/inc-4711/token",
                """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","metadata":{},"spec":{"audiences":[]}}""")
            .Client();
        var vault = new CredentialVault();
        var issuer = new CredentialIssuer(client, null!, vault, new(new("https://kubernetes.test"), null, "test"), null, clock);
        var secret = new SecretMetadata { Metadata = new() { Name = "inc-4711", NamespaceProperty = "breakglass-grants", Uid = "3" } };

        var result = await issuer.HoldAsync(grant, new PlanStep.HoldCredential(secret), CancellationToken.None);

        result.Should().BeOfType<StepResult.Done>();
        vault.Get(grant.Metadata.Uid!).Should().BeNull();
    }

    [Fact]
    public void Without_a_gateway_no_certificate_is_issued_and_the_step_says_why()
    {
        var clock = new FakeClock();
        var issuer = new CredentialIssuer(new CannedServer(clock).Client(), null!, new(), new(new("https://kubernetes.test"), null, "test"), null, clock);
        var secret = new SecretMetadata { Metadata = new() { Name = "inc-4711", NamespaceProperty = "breakglass-grants", Uid = "3" } };
        var run = new LiveRun(GrantRun.Fresh);

        var result = issuer.IssueCertificate(A.Grant(), new(secret, secret, A.Start), run);

        result.Should().BeOfType<StepResult.NotReady>().Which.Message.Should().Contain("--gateway-url");
        run.Secret.Should().BeNull();
    }
}
