using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using k8s;
using k8s.Models;
using Xunit;

namespace Kube.Client.Tests.Json;

/// <summary>The package's models say on the wire what hand-written ones said before them, kind by kind.</summary>
public sealed class ModelsTests
{
    /// <summary>What stands for META below: all members of the metadata.</summary>
    private const string Metadata =
        """
        {"name":"n","generateName":"g-","namespace":"ns","uid":"u","resourceVersion":"7","generation":3,"creationTimestamp":"2026-11-22T01:02:03Z",
        "deletionTimestamp":"2026-11-22T01:02:03Z","labels":{"b":"2","a":"1"},"annotations":{"note":"\u00FC \u0022\u003C\u003E\u0022"},
        "ownerReferences":[{"apiVersion":"v1","kind":"Secret","name":"o","uid":"v","controller":true,"blockOwnerDeletion":false}],
        "finalizers":["f"]}
        """;

    private static readonly DateTime Whole = new(2026, 11, 22, 1, 2, 3, DateTimeKind.Utc);

    // As the hand-written kinds wrote them: one with all that they had, one with next to nothing. A MicroTime on a whole second keeps its six digits.
    private static readonly Dictionary<Type, string[]> Written = new()
    {
        [typeof(V1Namespace)] =
        [
            """{"apiVersion":"v1","kind":"Namespace","metadata":META,"status":{"phase":"Active"}}""",
            """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":""}}""",
        ],
        [typeof(V1ServiceAccount)] =
        [
            """{"apiVersion":"v1","kind":"ServiceAccount","metadata":META,"automountServiceAccountToken":false}""",
            """{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":""}}""",
        ],
        [typeof(V1Secret)] =
        [
            """{"apiVersion":"v1","kind":"Secret","metadata":META,"type":"Opaque","immutable":true,"data":{"k":"AP8=","empty":""}}""",
            """{"apiVersion":"v1","kind":"Secret","metadata":{"name":""}}""",
        ],
        [typeof(V1Endpoints)] =
        [
            """
            {"apiVersion":"v1","kind":"Endpoints","metadata":META,"subsets":[{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"name":"https",
            "port":6443}]}]}
            """,
            """{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":""}}""",
        ],
        [typeof(V1Role)] =
        [
            """
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":META,"rules":[{"verbs":["get"],"apiGroups":[""],
            "resources":["pods"],"resourceNames":["x"]},{"verbs":["get"],"nonResourceURLs":["/x"]}]}
            """,
            """{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":""}}""",
        ],
        [typeof(V1ClusterRole)] =
        [
            """
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":META,"rules":[{"verbs":["get"],"apiGroups":[""],
            "resources":["pods"],"resourceNames":["x"]},{"verbs":["get"],"nonResourceURLs":["/x"]}],"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"},
            "matchExpressions":[{"key":"k","operator":"In","values":["v"]}]},{"matchExpressions":[{"key":"k","operator":"Exists"}]}]}}
            """,
            """{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":""},"aggregationRule":{}}""",
        ],
        [typeof(V1RoleBinding)] =
        [
            """
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":META,"roleRef":{"apiGroup":"rbac.authorization.k8s.io",
            "kind":"ClusterRole","name":"view"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"alice"},
            {"kind":"ServiceAccount","name":"s","namespace":"ns"}]}
            """,
            """
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":""},"roleRef":{"apiGroup":"rbac.authorization.k8s.io",
            "kind":"Role","name":"r"}}
            """,
        ],
        [typeof(V1ClusterRoleBinding)] =
        [
            """
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":META,"roleRef":{"apiGroup":"rbac.authorization.k8s.io",
            "kind":"ClusterRole","name":"view"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"alice"},
            {"kind":"ServiceAccount","name":"s","namespace":"ns"}]}
            """,
            """
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":""},"roleRef":{"apiGroup":"rbac.authorization.k8s.io",
            "kind":"ClusterRole","name":"r"}}
            """,
        ],
        [typeof(V1SubjectAccessReview)] =
        [
            """
            {"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","metadata":{"name":""},"spec":{"user":"alice",
            "groups":["g"],"uid":"u","extra":{"scopes":["a","b"]},"resourceAttributes":{"namespace":"ns","verb":"get","group":"g",
            "version":"v1","resource":"pods","subresource":"log","name":"n"}},"status":{"allowed":false,"denied":true,"reason":"r",
            "evaluationError":"e"}}
            """,
            """
            {"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","metadata":{"name":""},"spec":{"user":"alice",
            "nonResourceAttributes":{"path":"/x","verb":"get"}},"status":{"allowed":false}}
            """,
        ],
        [typeof(V1SelfSubjectAccessReview)] =
        [
            """
            {"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","metadata":{"name":""},"spec":{"resourceAttributes":{"namespace":"ns",
            "verb":"get","group":"g","version":"v1","resource":"pods","subresource":"log","name":"n"}},"status":{"allowed":false,
            "denied":true,"reason":"r","evaluationError":"e"}}
            """,
            """
            {"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","metadata":{"name":""},"spec":{"nonResourceAttributes":{"path":"/x",
            "verb":"get"}}}
            """,
        ],
        [typeof(TokenReview)] =
        [
            """
            {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","metadata":{"name":""},"spec":{"token":"t","audiences":["a"]},
            "status":{"authenticated":true,"user":{"username":"alice","uid":"u","groups":["g"],"extra":{"scopes":["a","b"]}},
            "error":"e"}}
            """,
            """
            {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","metadata":{"name":""},"spec":{"token":"t"},"status":{"authenticated":false,
            "user":{}}}
            """,
        ],
        [typeof(V1CertificateSigningRequest)] =
        [
            """
            {"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":META,"spec":{"request":"AP8=",
            "signerName":"kubernetes.io/kube-apiserver-client","expirationSeconds":600,"usages":["client auth"],"username":"alice","uid":"u","groups":["g"],
            "extra":{"scopes":["a"]}},"status":{"conditions":[{"type":"Approved","status":"True","reason":"r","message":"m",
            "lastUpdateTime":"2026-11-22T01:02:03Z","lastTransitionTime":"2026-11-22T01:02:03Z"}],"certificate":"AQI="}}
            """,
            """
            {"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":""},"spec":{"request":"AP8=",
            "signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"]}}
            """,
        ],
        [typeof(TokenRequest)] =
        [
            """
            {"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"audiences":["a"],"expirationSeconds":600,
            "boundObjectRef":{"kind":"Secret","apiVersion":"v1","name":"n","uid":"u"}},"status":{"token":"t","expirationTimestamp":"2026-11-22T01:02:03Z"}}
            """,
        ],
        [typeof(V1ConfigMap)] =
        [
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":META,"immutable":true,"data":{"seals":"text"},"binaryData":{"b":"AQI="}}""",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":""}}""",
        ],
        [typeof(SecretMetadata)] =
        [
            """{"apiVersion":"v1","kind":"Secret","metadata":META}""",
        ],
        [typeof(V1Lease)] =
        [
            """
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":META,"spec":{"holderIdentity":"h","leaseDurationSeconds":15,
            "acquireTime":"2026-11-22T01:02:03.000000Z","renewTime":"2026-11-22T01:02:03.456007Z","leaseTransitions":0}}
            """,
            """
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":""},"spec":{"holderIdentity":"","acquireTime":"2026-11-22T01:02:03.456007Z",
            "renewTime":"2026-11-22T01:02:03.000000Z"}}
            """,
        ],
        [typeof(Eventsv1Event)] =
        [
            """
            {"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":META,"eventTime":"2026-11-22T01:02:03.000000Z","series":{"count":2,
            "lastObservedTime":"2026-11-22T01:02:03.000000Z"},"reportingController":"c","reportingInstance":"i","action":"A",
            "reason":"R","regarding":{"apiVersion":"v1","kind":"Secret","namespace":"ns","name":"n","uid":"u","resourceVersion":"7"},
            "related":{"apiVersion":"v1","kind":"Secret","namespace":"ns","name":"n","uid":"u","resourceVersion":"7"},"note":"note",
            "type":"Normal"}
            """,
            """
            {"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":""},"eventTime":"2026-11-22T01:02:03.456007Z",
            "series":{"count":3,"lastObservedTime":"2026-11-22T01:02:03.456007Z"}}
            """,
        ],
        [typeof(V1MutatingWebhookConfiguration)] =
        [
            """
            {"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration","metadata":META,"webhooks":[{"name":"w.example.com",
            "clientConfig":{"service":{"namespace":"ns","name":"s","path":"/p","port":443},"caBundle":"AQID"},"rules":[{"operations":["CREATE"],
            "apiGroups":["g"],"apiVersions":["v1"],"resources":["pods"],"scope":"*"}],"failurePolicy":"Fail","matchPolicy":"Equivalent",
            "sideEffects":"None","timeoutSeconds":5,"admissionReviewVersions":["v1"]}]}
            """,
            """{"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration","metadata":{"name":""}}""",
        ],
        [typeof(V1ValidatingWebhookConfiguration)] =
        [
            """
            {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":META,"webhooks":[{"name":"w.example.com",
            "clientConfig":{"service":{"namespace":"ns","name":"s","path":"/p","port":443},"caBundle":"AQID"},"rules":[{"operations":["CREATE"],
            "apiGroups":["g"],"apiVersions":["v1"],"resources":["pods"],"scope":"*"}],"failurePolicy":"Fail","matchPolicy":"Equivalent",
            "sideEffects":"None","timeoutSeconds":5,"admissionReviewVersions":["v1"]}]}
            """,
            """{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":{"name":""}}""",
        ],
        [typeof(V1ValidatingAdmissionPolicy)] =
        [
            """{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicy","metadata":META}""",
        ],
        [typeof(V1ValidatingAdmissionPolicyBinding)] =
        [
            """{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding","metadata":META}""",
        ],
    };

    public static TheoryData<Type> Kinds => new(KubeModels.Resources.Keys);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_model_of_the_package_reads_and_writes_the_same_bytes(Type kind)
    {
        foreach (var text in Written[kind].Select(text => text.Replace("META", Metadata, StringComparison.Ordinal)))
        {
            RoundTrip(kind, text).Should().Be(Sorted(text));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_object_says_what_it_is_though_neither_its_maker_nor_the_server_does(Type kind)
    {
        var resource = KubeModels.Resources[kind];
        var written = JsonNode.Parse(Written[kind][0].Replace("META", Metadata, StringComparison.Ordinal))!.AsObject();

        (written["apiVersion"]!.GetValue<string>(), written["kind"]!.GetValue<string>()).Should().Be((resource.ApiVersion, resource.Kind));
        RoundTrip(kind, "{}").Should().Be($$$"""{"apiVersion":"{{{resource.ApiVersion}}}","kind":"{{{resource.Kind}}}"{{{RestOfNothing(kind)}}}}""");
        RoundTrip(kind, """{"apiVersion":null,"kind":null}""").Should().Contain(resource.Kind);
        JsonSerializer.Serialize(new V1Lease(), KubeModels.Json<V1Lease>()).Should().Be("""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease"}""");
    }

    [Fact]
    public void Empty_collections_and_nulls_are_left_out_as_Go_does()
    {
        var role = new V1Role
        {
            Metadata = new() { Name = "r", Labels = new Dictionary<string, string>(), Finalizers = [], OwnerReferences = [] },
            Rules = [new() { Verbs = ["get"], ApiGroups = [], ResourceNames = [] }],
        };

        JsonSerializer.Serialize(role, KubeModels.Json<V1Role>()).Should().Be(
            """{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r"},"rules":[{"verbs":["get"]}]}""");
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"metadata":null,"roleRef":null,"subjects":null}""")]
    [InlineData("""{"metadata":{"name":null,"labels":null,"annotations":null,"finalizers":null,"ownerReferences":null},"roleRef":{"name":null}}""")]
    [InlineData("""{"metadata":{"ownerReferences":[{}]},"subjects":[{}]}""")]
    public void What_a_hostile_client_leaves_out_reads_as_empty_and_never_as_null(string text)
    {
        var binding = JsonSerializer.Deserialize(text, KubeModels.Json<V1RoleBinding>())!;

        binding.Metadata.Name.Should().BeEmpty();
        binding.Key.Should().Be(new ObjectKey("", ""));
        binding.LabelsOrEmpty.Should().BeEmpty();
        binding.AnnotationsOrEmpty.Should().BeEmpty();
        binding.FinalizersOrEmpty.Should().BeEmpty();
        binding.OwnersOrEmpty.Select(r => r.ApiVersion + r.Kind + r.Name + r.Uid).Should().NotContain(r => r.Length > 0);
        binding.SubjectsOrEmpty.Select(s => s.Kind + s.Name).Should().NotContain(s => s.Length > 0);
        binding.RoleRef.Should().Be(new V1RoleRef { ApiGroup = "rbac.authorization.k8s.io", Kind = "", Name = "" });
        JsonSerializer.Deserialize("""{"rules":[{}]}""", KubeModels.Json<V1Role>())!.RulesOrEmpty.Should().ContainSingle().Which.VerbsOrEmpty
            .Should().BeEmpty();
    }

    [Fact]
    public void Neither_the_text_form_nor_an_exception_shows_what_is_secret()
    {
        const string token = "eyJ-very-secret";
        var review = JsonSerializer.Deserialize($$$"""{"spec":{"token":"{{{token}}}"}}""", KubeModels.Json<TokenReview>())!;
        var request = JsonSerializer.Deserialize(
            $$$"""{"status":{"token":"{{{token}}}","expirationTimestamp":"2026-11-22T01:02:03Z"}}""", KubeModels.Json<TokenRequest>())!;
        var secret = new V1Secret { Metadata = new() { Name = "s" }, Data = new Dictionary<string, byte[]> { ["token"] = Encoding.UTF8.GetBytes(token) } };
        object[] carriers =
        [
            TokenReview.Of(token), TokenReview.Of(token).Spec, review, review.Spec, request, request.Status, secret, secret.Data,
            new TokenRequest { Status = new() { Token = token } },
        ];

        (review.Spec.Token, request.Status.Token).Should().Be((token, token));
        carriers.Select(c => c.ToString()).Should().OnlyContain(text => !text!.Contains(token, StringComparison.Ordinal));
        carriers.Select(c => new InvalidOperationException($"cannot use {c}").ToString())
            .Should().OnlyContain(text => !text.Contains(token, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\\u00fc", "ü")]
    [InlineData("ü", "ü")]
    [InlineData("a\\nb", "a\nb")]
    [InlineData("", "")]
    public void A_text_is_read_as_it_was_written_whatever_is_in_it(string json, string text) =>
        JsonSerializer.Deserialize($$$$"""{"metadata":{"name":"{{{{json}}}}"}}""", KubeModels.Json<V1Secret>())!.Metadata.Name.Should().Be(text);

    [Fact]
    public void A_long_text_is_not_kept()
    {
        var longText = new string('x', 100);
        V1Secret Read() => JsonSerializer.Deserialize($$$$"""{"metadata":{"annotations":{"note":"{{{{longText}}}}"}}}""", KubeModels.Json<V1Secret>())!;

        Read().AnnotationsOrEmpty["note"].Should().Be(longText).And.NotBeSameAs(Read().AnnotationsOrEmpty["note"]);
    }

    [Fact]
    public void A_time_of_no_kind_is_taken_as_UTC_whatever_the_local_zone_is()
    {
        new V1ObjectMeta { CreationTimestamp = new(2026, 11, 22, 1, 2, 3, DateTimeKind.Unspecified) }.CreatedAt.Should().Be(new DateTimeOffset(Whole));
        new V1ObjectMeta { CreationTimestamp = Whole.ToLocalTime() }.CreatedAt.Should().Be(new DateTimeOffset(Whole));
        new V1ObjectMeta { DeletedAt = new DateTimeOffset(2026, 11, 22, 3, 2, 3, TimeSpan.FromHours(2)) }.DeletionTimestamp.Should().Be(Whole);
    }

    [Fact]
    public void What_the_server_says_of_managed_fields_is_neither_kept_nor_written()
    {
        const string text = """{"metadata":{"name":"n","managedFields":[{"manager":"m","operation":"Apply","fieldsV1":{"f:spec":{}}}]}}""";

        var lease = JsonSerializer.Deserialize(text, KubeModels.Json<V1Lease>())!;
        lease.Metadata.ManagedFields = [new() { Manager = "m" }];

        JsonSerializer.Deserialize(text, KubeModels.Json<V1Lease>())!.Metadata.ManagedFields.Should().BeNull();
        JsonSerializer.Serialize(lease, KubeModels.Json<V1Lease>()).Should().NotContain("managedFields");
    }

    [Theory]
    [InlineData("2026-11-22T01:02:03Z")]
    [InlineData("2026-11-22T01:02:03.1Z")]
    [InlineData("2026-11-22T01:02:03.123456789Z")]
    [InlineData("2026-11-22T03:02:03+02:00")]
    public void Times_are_read_as_UTC_with_any_number_of_fraction_digits_and_any_offset(string text)
    {
        var lease = JsonSerializer.Deserialize("""{"metadata":{"creationTimestamp":"T"},"spec":{"renewTime":"T"}}""".Replace(
            "T\"", text + "\"", StringComparison.Ordinal), KubeModels.Json<V1Lease>())!;

        foreach (var time in new[] { lease.Metadata.CreationTimestamp!.Value, lease.Spec.RenewTime!.Value })
        {
            time.Kind.Should().Be(DateTimeKind.Utc);
            new DateTimeOffset(time).ToUnixTimeSeconds().Should().Be(1795309323);
        }
    }

    [Fact]
    public void A_MicroTime_on_the_whole_second_has_six_digits_and_a_Time_with_a_fraction_none()
    {
        var json = JsonSerializer.Serialize(
            new V1Lease { Metadata = new() { CreationTimestamp = Whole.AddMilliseconds(9) }, Spec = new() { RenewTime = Whole } }, KubeModels.Json<V1Lease>());

        json.Should().Contain("\"renewTime\":\"2026-11-22T01:02:03.000000Z\"").And.Contain("\"creationTimestamp\":\"2026-11-22T01:02:03Z\"");
    }

    [Theory]
    [InlineData("""{"spec":{"renewTime":7}}""")]
    [InlineData("""{"spec":{"renewTime":"yesterday"}}""")]
    [InlineData("""{"metadata":{"creationTimestamp":[]}}""")]
    public void What_is_not_a_time_is_an_error_of_the_JSON(string text)
    {
        var read = () => JsonSerializer.Deserialize(text, KubeModels.Json<V1Lease>());

        read.Should().Throw<JsonException>();
    }

    [Fact]
    public void The_same_short_text_is_the_same_object()
    {
        static V1Secret Read() =>
            JsonSerializer.Deserialize("""{"metadata":{"name":"payments-oncall","labels":{"app":"payments"}}}""", KubeModels.Json<V1Secret>())!;

        Read().Metadata.Name.Should().BeSameAs(Read().Metadata.Name);
        Read().LabelsOrEmpty.Single().Key.Should().BeSameAs(Read().LabelsOrEmpty.Single().Key);
    }

    [Fact]
    public void A_kind_that_has_no_contract_here_is_refused_by_name()
    {
        var kind = () => KubeKinds.Of<V1Node>();
        var json = () => KubeModels.Json<V1Node>();

        kind.Should().Throw<NotSupportedException>().WithMessage("V1Node is not among*");
        json.Should().Throw<NotSupportedException>();
    }

    /// <summary>What is written of an object that was read from nothing, after what it is.</summary>
    private static string RestOfNothing(Type kind) => kind.Name switch
    {
        nameof(TokenReview) or nameof(TokenRequest) => "",
        nameof(V1RoleBinding) or nameof(V1ClusterRoleBinding) =>
            ""","metadata":{"name":""},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"","name":""}""",
        _ => ""","metadata":{"name":""}""",
    };

    private static string RoundTrip(Type kind, string text) => kind.Name switch
    {
        nameof(V1Namespace) => RoundTrip<V1Namespace>(text),
        nameof(V1ServiceAccount) => RoundTrip<V1ServiceAccount>(text),
        nameof(V1Secret) => RoundTrip<V1Secret>(text),
        nameof(V1ConfigMap) => RoundTrip<V1ConfigMap>(text),
        nameof(V1Endpoints) => RoundTrip<V1Endpoints>(text),
        nameof(V1Role) => RoundTrip<V1Role>(text),
        nameof(V1ClusterRole) => RoundTrip<V1ClusterRole>(text),
        nameof(V1RoleBinding) => RoundTrip<V1RoleBinding>(text),
        nameof(V1ClusterRoleBinding) => RoundTrip<V1ClusterRoleBinding>(text),
        nameof(V1SubjectAccessReview) => RoundTrip<V1SubjectAccessReview>(text),
        nameof(V1SelfSubjectAccessReview) => RoundTrip<V1SelfSubjectAccessReview>(text),
        nameof(V1CertificateSigningRequest) => RoundTrip<V1CertificateSigningRequest>(text),
        nameof(TokenReview) => RoundTrip<TokenReview>(text),
        nameof(TokenRequest) => RoundTrip<TokenRequest>(text),
        nameof(SecretMetadata) => RoundTrip<SecretMetadata>(text),
        nameof(V1Lease) => RoundTrip<V1Lease>(text),
        nameof(Eventsv1Event) => RoundTrip<Eventsv1Event>(text),
        nameof(V1MutatingWebhookConfiguration) => RoundTrip<V1MutatingWebhookConfiguration>(text),
        nameof(V1ValidatingWebhookConfiguration) => RoundTrip<V1ValidatingWebhookConfiguration>(text),
        nameof(V1ValidatingAdmissionPolicy) => RoundTrip<V1ValidatingAdmissionPolicy>(text),
        nameof(V1ValidatingAdmissionPolicyBinding) => RoundTrip<V1ValidatingAdmissionPolicyBinding>(text),
        _ => throw new ArgumentException($"{kind} has no round trip here: add it, and what was written of it.", nameof(kind)),
    };

    private static string RoundTrip<T>(string text)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Sorted(JsonSerializer.Serialize(JsonSerializer.Deserialize(Encoding.UTF8.GetBytes(text), KubeModels.Json<T>())!, KubeModels.Json<T>()));

    /// <summary>The same bytes but for the order of members, which has no meaning: the package's are in the order of the alphabet.</summary>
    private static string Sorted(string text)
    {
        static JsonNode? Of(JsonNode? node) => node switch
        {
            JsonObject o => new JsonObject(o.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Of(p.Value)))),
            JsonArray a => new JsonArray([.. a.Select(Of)]),
            _ => node?.DeepClone(),
        };

        return Of(JsonNode.Parse(text))!.ToJsonString();
    }
}
