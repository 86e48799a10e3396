using System.Text.RegularExpressions;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

public sealed partial class GrantNamesTests
{
    private static readonly BreakGlassGrant Longest = A.Grant(
        s => s with { Policy = new string('p', 63) }, name: "a" + new string('.', 1) + new string('x', 60) + "9");

    [Fact]
    public void The_longest_grant_still_has_names_that_are_DNS_subdomains()
    {
        string[] names = [GrantNames.Identity(Longest), GrantNames.Reader(Longest), GrantNames.Binding(Longest, new string('e', 63))];
        Longest.Metadata.Name.Should().HaveLength(63);
        foreach (var name in names)
        {
            Subdomain().IsMatch(name).Should().BeTrue(name);
            name.Length.Should().BeLessThan(253).And.BeGreaterThan(63);
        }
    }

    [Fact]
    public void The_labels_of_the_longest_grant_are_valid_label_values()
    {
        foreach (var value in GrantNames.Meta(Longest, "ns", "name", A.Start).Labels.Values)
        {
            LabelValue().IsMatch(value).Should().BeTrue(value);
            value.Length.Should().BeLessThanOrEqualTo(63);
        }
    }

    [Fact]
    public void Names_follow_from_name_and_UID_alone_so_that_a_crashed_run_finds_what_it_made()
    {
        var (once, again) = (A.Grant(), A.Grant(s => s with { Justification = "other" }));
        GrantNames.Identity(again).Should().Be(GrantNames.Identity(once));
        GrantNames.Reader(again).Should().Be(GrantNames.Reader(once));
        GrantNames.Binding(again, "payments").Should().Be(GrantNames.Binding(once, "payments"));
    }

    [Fact]
    public void A_grant_made_again_under_the_same_name_has_other_names()
    {
        var (first, second) = (A.Grant(uid: "uid-1"), A.Grant(uid: "uid-2"));
        GrantNames.Identity(second).Should().NotBe(GrantNames.Identity(first));
        GrantNames.Reader(second).Should().NotBe(GrantNames.Reader(first));
        GrantNames.Binding(second, "payments").Should().NotBe(GrantNames.Binding(first, "payments"));
    }

    [Fact]
    public void Entries_and_grants_that_read_alike_do_not_share_a_name()
    {
        var names = from grant in new[] { "a", "a-b", "b" } from uid in new[] { "1", "1/a", "2" } from entry in new[] { "a", "b", "a-b", "" }
                    select GrantNames.Binding(A.Grant(name: grant, uid: uid), entry);
        names.Should().OnlyHaveUniqueItems();
        GrantNames.Binding(A.Grant(), "payments").Should().StartWith("breakglass-inc-4711-", "that is what people look for");
    }

    [Fact]
    public void An_object_carries_the_marks_of_the_contract_and_its_grant_as_owner()
    {
        var meta = GrantNames.Meta(A.Grant(), "payments", "x", A.Start.AddMilliseconds(5));
        meta.Labels.Should().BeEquivalentTo(new Dictionary<string, string>
        {
            ["app.kubernetes.io/managed-by"] = "breakglass-operator", ["breakglass.dev/grant"] = "inc-4711", ["breakglass.dev/policy"] = "payments-oncall",
        });
        meta.Annotations.Should().BeEquivalentTo(new Dictionary<string, string>
        {
            ["breakglass.dev/expires-at"] = "2026-11-22T01:02:03.005Z", ["breakglass.dev/grant-uid"] = "grant-1",
        });
        meta.OwnerReferences.Should().Equal(
            new V1OwnerReference { ApiVersion = "breakglass.dev/v1alpha1", Kind = "BreakGlassGrant", Name = "inc-4711", Uid = "grant-1" });
    }

    [Theory]
    [InlineData("grant-1", null, true)]
    [InlineData(null, "grant-1", true)]
    [InlineData("grant-2", "grant-1", true)]
    [InlineData("grant-2", null, false)]
    [InlineData(null, "grant-2", false)]
    [InlineData(null, null, false)]
    public void An_object_is_the_grants_where_its_annotation_or_its_owner_says_so(string? annotation, string? owner, bool owns)
    {
        var o = new V1ServiceAccount
        {
            Metadata = new()
            {
                Annotations = annotation is null ? A.Labels() : A.Labels((BreakGlassApi.GrantUidAnnotation, annotation)),
                OwnerReferences = owner is null ? [] : [new() { Kind = "BreakGlassGrant", Uid = owner }],
            },
        };
        GrantNames.Owns(A.Grant(uid: "grant-1"), o).Should().Be(owns);
        GrantNames.Owns(A.Grant(uid: ""), o).Should().BeFalse("a grant that was never stored owns nothing");
    }

    [Fact]
    public void The_record_of_a_binding_says_what_it_gives_and_where()
    {
        var role = new RoleReference { Kind = "ClusterRole", Name = "edit" };
        GrantNames.Record(A.Grant(), new Target("payments", role, "payments")).Should().Be(new BindingRecord
        {
            Kind = "RoleBinding", Namespace = "payments", Name = GrantNames.Binding(A.Grant(), "payments"), Role = "ClusterRole/edit",
        });
        GrantNames.Record(A.Grant(), new Target("payments", role, null))
            .Should().Match<BindingRecord>(r => r.Kind == "ClusterRoleBinding" && r.Namespace == null);
    }

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Subdomain();

    [GeneratedRegex("^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelValue();
}
