using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace BreakGlass.CrdGen.Tests;

/// <summary>What holds for the schemas of all kinds.</summary>
public sealed partial class OwnKindsTests
{
    private static readonly IReadOnlyDictionary<string, JsonObject> Crds =
        CustomKind.All.ToDictionary(kind => kind.Resource.Kind, kind => Crd.Of(kind, CrdFiles.DocsOf(CustomKind.All)));

    public static TheoryData<string> Kinds => new(Crds.Keys);

    [Theory]
    [InlineData("BreakGlassPolicy", "breakglasspolicies", "bgp")]
    [InlineData("BreakGlassGrant", "breakglassgrants", "bgg")]
    [InlineData("BreakGlassApproval", "breakglassapprovals", "bga")]
    [InlineData("BreakGlassReview", "breakglassreviews", "bgr")]
    [InlineData("BreakGlassLockdown", "breakglasslockdowns", "bgl")]
    [InlineData("BreakGlassSession", "breakglasssessions", "bgsess")]
    [InlineData("BreakGlassAuthority", "breakglassauthorities", "bgauth")]
    [InlineData("BreakGlassDrill", "breakglassdrills", "bgd")]
    public void A_kind_is_registered_as_the_contract_says(string kind, string plural, string shortName)
    {
        var crd = Crds[kind];
        crd["metadata"]!["name"]!.ToString().Should().Be($"{plural}.breakglass.dev");
        var spec = crd["spec"]!;
        spec["group"]!.ToString().Should().Be("breakglass.dev");
        spec["scope"]!.ToString().Should().Be("Cluster");
        spec["names"]!["plural"]!.ToString().Should().Be(plural);
        spec["names"]!["shortNames"]!.AsArray().Select(n => n!.ToString()).Should().Equal(shortName);
        spec["names"]!["categories"]!.AsArray().Select(n => n!.ToString()).Should().Equal("breakglass");
        var version = spec["versions"]!.AsArray().Should().ContainSingle().Subject!;
        version["name"]!.ToString().Should().Be("v1alpha1");
        version["subresources"]!["status"].Should().NotBeNull();
    }

    [Fact]
    public void A_grant_shows_the_columns_of_the_contract() =>
        Crds["BreakGlassGrant"]["spec"]!["versions"]![0]!["additionalPrinterColumns"]!.AsArray()
            .Select(c => (c!["name"]!.ToString(), Wide: c["priority"] is not null))
            .Should().Equal(("Policy", false), ("Requester", false), ("Phase", false), ("Expires", false), ("Ticket", true), ("Reason", true),
                ("Drill", true), ("Age", false));

    [Fact]
    public void An_authority_shows_the_columns_of_the_contract() =>
        Crds["BreakGlassAuthority"]["spec"]!["versions"]![0]!["additionalPrinterColumns"]!.AsArray().Select(c => c!["name"]!.ToString())
            .Should().Equal("Keys", "Required", "Suspended", "Ready", "Rotation-Due", "Age");

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_default_is_valid_by_its_own_schema(string kind)
    {
        foreach (var (path, schema) in SchemaWalk.Below(Root(kind)).Where(s => s.Schema.ContainsKey("default")))
        {
            SchemaWalk.Problems(schema["default"], schema).Should().BeEmpty($"{path} has a default");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_default_of_an_object_is_whole(string kind)
    {
        // A server evaluates the object's rules on the default itself, before it fills in the defaults of the fields.
        foreach (var (path, schema) in SchemaWalk.Below(Root(kind)).Where(s => s.Schema["default"] is JsonObject))
        {
            var fields = schema["properties"]!.AsObject().Where(p => p.Value!["default"] is not null).Select(p => p.Key);
            schema["default"]!.AsObject().Select(p => p.Key).Should().Contain(fields, path);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_key_of_a_list_is_required(string kind)
    {
        foreach (var (path, schema) in SchemaWalk.Below(Root(kind)).Where(s => s.Schema.ContainsKey("x-kubernetes-list-map-keys")))
        {
            var required = schema["items"]!["required"]!.AsArray().Select(name => name!.ToString());
            required.Should().Contain(schema["x-kubernetes-list-map-keys"]!.AsArray().Select(name => name!.ToString()), path);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Everything_that_rules_look_at_is_bounded(string kind)
    {
        // The cost of a rule is estimated from the bounds; without one a server refuses the whole definition. A session has no spec.
        if (Root(kind)["properties"]!["spec"] is not JsonObject spec) return;
        foreach (var (path, schema) in SchemaWalk.Below(spec))
        {
            var bounded = schema["type"]!.ToString() switch
            {
                "string" => schema.ContainsKey("maxLength") || schema.ContainsKey("enum") || schema.ContainsKey("format"),
                "array" => schema.ContainsKey("maxItems"),
                "object" => !schema.ContainsKey("additionalProperties") || schema.ContainsKey("maxProperties"),
                _ => true,
            };

            // Who did it is stamped by admission from the caller. A bound of ours would refuse people for the length of what their identity provider says.
            if (!IsOfCaller().IsMatch(path)) bounded.Should().BeTrue($"spec{path} needs a bound");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void No_rule_stands_in_the_way_of_the_status(string kind) =>
        SchemaWalk.Below(Root(kind)["properties"]!["status"]!.AsObject()).Where(s => s.Schema.ContainsKey("x-kubernetes-validations")).Should().BeEmpty();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_field_says_what_it_is_for(string kind) =>
        SchemaWalk.Below(Root(kind))
            .Where(s => !s.Schema.ContainsKey("description") && s.Path.Length > 0 && s.Path[^1] is not (']' or '}'))
            .Select(s => s.Path).Should().BeEquivalentTo([".apiVersion", ".kind", ".metadata"], "the server itself describes these");

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_pattern_is_anchored_and_every_name_is_camel_case(string kind)
    {
        foreach (var (path, schema) in SchemaWalk.Below(Root(kind)))
        {
            if (schema["pattern"] is { } pattern)
            {
                pattern.ToString().Should().StartWith("^").And.EndWith("$", path);
                Regex.IsMatch("", pattern.ToString(), RegexOptions.NonBacktracking, TimeSpan.FromSeconds(1)).Should().BeFalse(path);
            }

            foreach (var (name, _) in schema["properties"] as JsonObject ?? []) name.Should().MatchRegex("^[a-z][a-zA-Z0-9]*$");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_rule_says_what_is_wrong_in_one_line(string kind)
    {
        foreach (var (path, schema) in SchemaWalk.Below(Root(kind)))
        {
            foreach (var rule in schema["x-kubernetes-validations"] as JsonArray ?? [])
            {
                rule!["message"]!.ToString().Should().NotBeNullOrWhiteSpace().And.NotContain("\n", path);
            }
        }
    }

    private static JsonObject Root(string kind) => Crds[kind]["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject();

    [GeneratedRegex(@"^(\.requester|\.approver|\.reviewer|\.by|\.revoke\.by)\.", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IsOfCaller();
}
