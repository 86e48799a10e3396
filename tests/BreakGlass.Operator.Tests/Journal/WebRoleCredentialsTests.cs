using Amazon.Runtime;
using Amazon.SecurityToken;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;
using FluentAssertions;
using TestKit.Storage;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal;

/// <summary>The role of the pod's service account, and a clear message for each thing that can be wrong with it.</summary>
public sealed class WebRoleCredentialsTests : IDisposable
{
    private const string Role = "arn:aws:iam::123456789012:role/journal";

    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-role-").FullName;
    private readonly FakeBucket _service = new("none");

    public void Dispose()
    {
        _service.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(Role, "/token", null, true)]
    [InlineData(Role, "/token", "key", false)]
    [InlineData(Role, null, null, false)]
    [InlineData(null, "/token", null, false)]
    [InlineData("", "", "", false)]
    public void The_role_is_used_if_the_variables_name_it_and_no_key(string? role, string? file, string? key, bool expected)
    {
        using var found = WebRoleCredentials.FromEnvironment(name => name switch
        {
            "AWS_ROLE_ARN" => role, "AWS_WEB_IDENTITY_TOKEN_FILE" => file, "AWS_ACCESS_KEY_ID" => key, _ => null,
        }, new("journal") { Region = "eu-central-1" });
        (found is not null).Should().Be(expected);
    }

    [Fact]
    public async Task A_role_that_is_refused_is_said_with_what_to_check()
    {
        _service.Fail(_ => true, new() { Code = 403, Word = "AccessDenied" });
        using var role = Credentials(await TokenAsync());
        (await role.Awaiting(r => r.GetCredentialsAsync()).Should().ThrowAsync<JournalException>()).Which.Message.Should()
            .StartWith($"AWS does not give the operator the role {Role} (").And.Contain("trust policy").And.NotContain("projected");
    }

    [Fact]
    public async Task A_token_that_is_not_there_is_said()
    {
        using var role = Credentials(Path.Combine(_directory, "none"));
        (await role.Awaiting(r => r.GetCredentialsAsync()).Should().ThrowAsync<JournalException>()).Which.Message.Should()
            .StartWith("the token in AWS_WEB_IDENTITY_TOKEN_FILE (");
        _service.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_service_that_cannot_be_reached_is_said()
    {
        _service.Fail(_ => true, new() { IsLost = true });
        using var role = Credentials(await TokenAsync());
        (await role.Awaiting(r => r.GetCredentialsAsync()).Should().ThrowAsync<JournalException>()).Which.Message.Should()
            .Contain("security token service cannot be reached");
    }

    private async Task<string> TokenAsync()
    {
        var file = Path.Combine(_directory, "token");
        await File.WriteAllTextAsync(file, "a.projected.token");
        return file;
    }

    private WebRoleCredentials Credentials(string tokenFile)
    {
        var config = new AmazonSecurityTokenServiceConfig
        {
            ServiceURL = "http://sts.test", MaxErrorRetry = 0, HttpClientFactory = new Factory(_service), CacheHttpClient = false,
        };
        return new(new AmazonSecurityTokenServiceClient(new AnonymousAWSCredentials(), config), Role, tokenFile, "breakglass-operator");
    }

    private sealed class Factory(HttpMessageHandler handler) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(handler, disposeHandler: false);
    }
}
