using System.Text.Json;
using FluentAssertions;
using Xunit;

namespace Kube.Model.Tests;

public class JsonTests
{
    [Fact]
    public void Empty_collections_and_nulls_are_left_out_as_Go_does()
    {
        var binding = new RoleBinding { Metadata = new() { Name = "b", Namespace = "n" }, RoleRef = new() { Kind = "ClusterRole", Name = "view" } };

        JsonSerializer.Serialize(binding, RoleBinding.Json).Should().Be(
            """{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"b","namespace":"n"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"}}""");
    }

    [Fact]
    public void A_null_collection_from_the_server_reads_as_an_empty_one()
    {
        var binding = JsonSerializer.Deserialize("""{"metadata":{"name":"b","labels":null,"finalizers":null},"subjects":null}""", RoleBinding.Json)!;

        binding.Subjects.Should().BeEmpty();
        binding.Metadata.Labels.Should().BeEmpty();
        binding.Metadata.Finalizers.Should().BeEmpty();
    }

    [Fact]
    public void Items_of_a_list_keep_the_kind_that_the_server_leaves_out()
    {
        var list = JsonSerializer.Deserialize("""{"kind":"RoleList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"x"},"items":[{"metadata":{"name":"a"}}]}""", Role.ListJson)!;

        list.Metadata.ResourceVersion.Should().Be("7");
        list.Items.Should().ContainSingle().Which.Kind.Should().Be("Role");
    }

    [Theory]
    [InlineData("2026-11-22T01:02:03Z")]
    [InlineData("2026-11-22T01:02:03.1Z")]
    [InlineData("2026-11-22T01:02:03.123456789Z")]
    [InlineData("2026-11-22T03:02:03+02:00")]
    public void Times_are_read_with_any_number_of_fraction_digits_and_any_offset(string text)
    {
        var lease = JsonSerializer.Deserialize("""{"metadata":{"creationTimestamp":"T"},"spec":{"renewTime":"T"}}""".Replace("T\"", text + "\"", StringComparison.Ordinal), Lease.Json)!;

        lease.Metadata.CreationTimestamp!.Value.ToUnixTimeSeconds().Should().Be(1795309323);
        lease.Spec.RenewTime!.Value.ToUnixTimeSeconds().Should().Be(1795309323);
    }

    [Fact]
    public void A_MicroTime_is_written_with_six_digits_and_a_Time_with_none()
    {
        var at = new DateTimeOffset(2026, 11, 22, 1, 2, 3, 456, TimeSpan.Zero);
        var json = JsonSerializer.Serialize(new Lease { Metadata = new() { CreationTimestamp = at }, Spec = new() { RenewTime = at } }, Lease.Json);

        json.Should().Contain("\"renewTime\":\"2026-11-22T01:02:03.456000Z\"").And.Contain("\"creationTimestamp\":\"2026-11-22T01:02:03Z\"");
    }

    [Fact]
    public void The_text_form_of_what_carries_a_secret_does_not_show_it()
    {
        const string token = "eyJ-very-secret";
        object[] carriers =
        [
            new Secret { Metadata = new() { Name = "s" }, Data = new Dictionary<string, byte[]> { ["token"] = System.Text.Encoding.UTF8.GetBytes(token) } },
            new TokenReview { Spec = new() { Token = token } },
            new TokenRequest { Status = new() { Token = token } },
        ];

        carriers.Select(c => c.ToString()).Should().OnlyContain(text => !text!.Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public void The_same_short_text_is_the_same_object_and_a_long_one_is_not_kept()
    {
        static Secret Read(string name, string note) => JsonSerializer.Deserialize($$$$"""{"metadata":{"name":"{{{{name}}}}","annotations":{"note":"{{{{note}}}}"}}}""", Secret.Json)!;
        var longText = new string('x', 100);
        var (first, second) = (Read("payments-oncall", longText), Read("payments-oncall", longText));

        first.Metadata.Name.Should().BeSameAs(second.Metadata.Name);
        first.Metadata.Annotations["note"].Should().Be(longText).And.NotBeSameAs(second.Metadata.Annotations["note"]);
    }

    [Theory]
    [InlineData("\\u00fc", "ü")]
    [InlineData("ü", "ü")]
    [InlineData("a\\nb", "a\nb")]
    [InlineData("", "")]
    public void A_text_is_read_as_it_was_written_whatever_is_in_it(string json, string text) =>
        JsonSerializer.Deserialize($$$$"""{"metadata":{"name":"{{{{json}}}}"}}""", Secret.Json)!.Metadata.Name.Should().Be(text);
}
