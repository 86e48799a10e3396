using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Model;
using Xunit;

namespace Kube.Client.Tests.Json;

/// <summary>The package's models say on the wire what the hand-written ones said, kind by kind.</summary>
public sealed class ModelsTests
{
    private static readonly DateTimeOffset Whole = new(2026, 11, 22, 1, 2, 3, TimeSpan.Zero);
    private static readonly DateTimeOffset Fraction = Whole.AddTicks(4_560_070);
    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Extra = new Dictionary<string, IReadOnlyList<string>> { ["scopes"] = ["a", "b"] };

    private static readonly ObjectMeta Metadata = new()
    {
        Name = "n",
        GenerateName = "g-",
        Namespace = "ns",
        Uid = "u",
        ResourceVersion = "7",
        Generation = 3,
        CreationTimestamp = Fraction,
        DeletionTimestamp = Whole,
        Labels = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" },
        Annotations = new Dictionary<string, string> { ["note"] = "ü \"<>\"" },
        OwnerReferences = [new() { ApiVersion = "v1", Kind = "Secret", Name = "o", Uid = "v", Controller = true, BlockOwnerDeletion = false }],
        Finalizers = ["f"],
    };

    private static readonly ResourceAttributes Attributes = new() { Namespace = "ns", Verb = "get", Group = "g", Version = "v1", Resource = "pods", Subresource = "log", Name = "n" };
    private static readonly IReadOnlyList<PolicyRule> Rules = [new() { Verbs = ["get"], ApiGroups = [""], Resources = ["pods"], ResourceNames = ["x"] }, new() { Verbs = ["get"], NonResourceUrls = ["/x"] }];
    private static readonly IReadOnlyList<Subject> Subjects = [new() { Kind = "User", ApiGroup = Rbac.Group, Name = "alice" }, new() { Kind = "ServiceAccount", Name = "s", Namespace = "ns" }];

    private static readonly IReadOnlyList<Webhook> Webhooks =
    [
        new()
        {
            Name = "w.example.com",
            ClientConfig = new() { Service = new() { Namespace = "ns", Name = "s", Path = "/p", Port = 443 }, CaBundle = [1, 2, 3] },
            Rules = [new() { Operations = ["CREATE"], ApiGroups = ["g"], ApiVersions = ["v1"], Resources = ["pods"], Scope = "*" }],
            FailurePolicy = "Fail",
            MatchPolicy = "Equivalent",
            SideEffects = "None",
            TimeoutSeconds = 5,
            AdmissionReviewVersions = ["v1"],
        },
    ];

    private static readonly SubjectAccessReviewStatus Reviewed = new() { Allowed = false, Denied = true, Reason = "r", EvaluationError = "e" };
    private static readonly ObjectReference Reference = new() { ApiVersion = "v1", Kind = "Secret", Namespace = "ns", Name = "n", Uid = "u", ResourceVersion = "7" };

    // A time on the whole second and one with a fraction: API servers refuse the first without its digits.
    private static readonly Dictionary<Type, Func<string>[]> Written = new()
    {
        [typeof(V1Namespace)] = [() => Text(new Namespace { Metadata = Metadata, Status = new() { Phase = "Active" } }), () => Text(new Namespace())],
        [typeof(V1ServiceAccount)] = [() => Text(new ServiceAccount { Metadata = Metadata, AutomountServiceAccountToken = false }), () => Text(new ServiceAccount())],
        [typeof(V1Secret)] =
        [
            () => Text(new Secret { Metadata = Metadata, Type = "Opaque", Immutable = true, Data = new Dictionary<string, byte[]> { ["k"] = [0, 255], ["empty"] = [] } }),
            () => Text(new Secret { Data = new Dictionary<string, byte[]>() }),
        ],
        [typeof(V1Endpoints)] =
        [
            () => Text(new Endpoints { Metadata = Metadata, Subsets = [new() { Addresses = [new() { Ip = "10.0.0.1" }], Ports = [new() { Name = "https", Port = 6443 }] }] }),
            () => Text(new Endpoints()),
        ],
        [typeof(V1Role)] = [() => Text(new Role { Metadata = Metadata, Rules = Rules }), () => Text(new Role())],
        [typeof(V1ClusterRole)] =
        [
            () => Text(new ClusterRole
            {
                Metadata = Metadata,
                Rules = Rules,
                AggregationRule = new()
                {
                    ClusterRoleSelectors =
                    [
                        new() { MatchLabels = new Dictionary<string, string> { ["a"] = "b" }, MatchExpressions = [new() { Key = "k", Operator = "In", Values = ["v"] }] },
                        new() { MatchExpressions = [new() { Key = "k", Operator = "Exists" }] },
                    ],
                },
            }),
            () => Text(new ClusterRole { AggregationRule = new() }),
        ],
        [typeof(V1RoleBinding)] =
        [
            () => Text(new RoleBinding { Metadata = Metadata, RoleRef = new() { Kind = "ClusterRole", Name = "view" }, Subjects = Subjects }),
            () => Text(new RoleBinding { RoleRef = new() { Kind = "Role", Name = "r" } }),
        ],
        [typeof(V1ClusterRoleBinding)] =
        [
            () => Text(new ClusterRoleBinding { Metadata = Metadata, RoleRef = new() { Kind = "ClusterRole", Name = "view" }, Subjects = Subjects }),
            () => Text(new ClusterRoleBinding { RoleRef = new() { Kind = "ClusterRole", Name = "r" } }),
        ],
        [typeof(V1SubjectAccessReview)] =
        [
            () => Text(new SubjectAccessReview { Spec = new() { User = "alice", Groups = ["g"], Uid = "u", Extra = Extra, ResourceAttributes = Attributes }, Status = Reviewed }),
            () => Text(new SubjectAccessReview { Spec = new() { User = "alice", NonResourceAttributes = new() { Path = "/x", Verb = "get" } }, Status = new() }),
        ],
        [typeof(V1SelfSubjectAccessReview)] =
        [
            () => Text(new SelfSubjectAccessReview { Spec = new() { ResourceAttributes = Attributes }, Status = Reviewed }),
            () => Text(new SelfSubjectAccessReview { Spec = new() { NonResourceAttributes = new() { Path = "/x", Verb = "get" } } }),
        ],
        [typeof(V1TokenReview)] =
        [
            () => Text(new TokenReview
            {
                Spec = new() { Token = "t", Audiences = ["a"] },
                Status = new() { Authenticated = true, User = new() { Username = "alice", Uid = "u", Groups = ["g"], Extra = Extra }, Error = "e" },
            }),
            () => Text(new TokenReview { Spec = new() { Token = "t" }, Status = new() { Authenticated = false, User = new() } }),
        ],
        [typeof(Authenticationv1TokenRequest)] =
        [
            () => JsonSerializer.Serialize(
                new TokenRequest
                {
                    Spec = new() { Audiences = ["a"], ExpirationSeconds = 600, BoundObjectRef = new() { Kind = "Secret", ApiVersion = "v1", Name = "n", Uid = "u" } },
                    Status = new() { Token = "t", ExpirationTimestamp = Fraction },
                },
                TokenRequest.Json),
        ],
        [typeof(V1Lease)] =
        [
            () => Text(new Lease { Metadata = Metadata, Spec = new() { HolderIdentity = "h", LeaseDurationSeconds = 15, AcquireTime = Whole, RenewTime = Fraction, LeaseTransitions = 0 } }),
            () => Text(new Lease { Spec = new() { HolderIdentity = "", AcquireTime = Fraction, RenewTime = Whole } }),
        ],
        [typeof(Eventsv1Event)] =
        [
            () => Text(new Event
            {
                Metadata = Metadata,
                EventTime = Whole,
                Series = new() { Count = 2, LastObservedTime = Whole },
                ReportingController = "c",
                ReportingInstance = "i",
                Action = "A",
                Reason = "R",
                Regarding = Reference,
                Related = Reference,
                Note = "note",
                Type = "Normal",
            }),
            () => Text(new Event { EventTime = Fraction, Series = new() { Count = 3, LastObservedTime = Fraction } }),
        ],
        [typeof(V1MutatingWebhookConfiguration)] = [() => Text(new MutatingWebhookConfiguration { Metadata = Metadata, Webhooks = Webhooks }), () => Text(new MutatingWebhookConfiguration())],
        [typeof(V1ValidatingWebhookConfiguration)] =
            [() => Text(new ValidatingWebhookConfiguration { Metadata = Metadata, Webhooks = Webhooks }), () => Text(new ValidatingWebhookConfiguration())],
    };

    public static TheoryData<Type> Kinds => new(KubeModels.Types);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_model_of_the_package_reads_and_writes_the_same_bytes(Type kind)
    {
        foreach (var text in Written[kind].Select(write => write()))
        {
            RoundTrip(kind, text).Should().Be(Sorted(text));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_object_says_what_it_is_though_neither_its_maker_nor_the_server_does(Type kind)
    {
        var resource = KubeModels.ResourceOf(kind)!;
        var written = JsonNode.Parse(Written[kind][0]())!.AsObject();

        (written["apiVersion"]!.GetValue<string>(), written["kind"]!.GetValue<string>()).Should().Be((resource.ApiVersion, resource.Kind));
        RoundTrip(kind, "{}").Should().Be($$"""{"apiVersion":"{{resource.ApiVersion}}","kind":"{{resource.Kind}}"}""");
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
        var lease = JsonSerializer.Deserialize("""{"metadata":{"creationTimestamp":"T"},"spec":{"renewTime":"T"}}""".Replace("T\"", text + "\"", StringComparison.Ordinal), KubeModels.Json<V1Lease>())!;

        foreach (var time in new[] { lease.Metadata.CreationTimestamp!.Value, lease.Spec.RenewTime!.Value })
        {
            time.Kind.Should().Be(DateTimeKind.Utc);
            new DateTimeOffset(time).ToUnixTimeSeconds().Should().Be(1795309323);
        }
    }

    [Fact]
    public void A_MicroTime_on_the_whole_second_has_six_digits_and_a_Time_with_a_fraction_none()
    {
        var at = Whole.UtcDateTime;
        var json = JsonSerializer.Serialize(new V1Lease { Metadata = new() { CreationTimestamp = at.AddMilliseconds(9) }, Spec = new() { RenewTime = at } }, KubeModels.Json<V1Lease>());

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
        static V1Secret Read() => JsonSerializer.Deserialize("""{"metadata":{"name":"payments-oncall","labels":{"app":"payments"}}}""", KubeModels.Json<V1Secret>())!;

        Read().Metadata.Name.Should().BeSameAs(Read().Metadata.Name);
        Read().Metadata.Labels.Single().Key.Should().BeSameAs(Read().Metadata.Labels.Single().Key);
    }

    [Fact]
    public void A_member_that_is_there_twice_is_refused_from_strangers()
    {
        const string twice = """{"metadata":{"name":"a","name":"b"}}""";
        var read = () => JsonSerializer.Deserialize(twice, KubeModels.Strict<V1Role>());

        read.Should().Throw<JsonException>();
        JsonSerializer.Deserialize(twice, KubeModels.Json<V1Role>())!.Metadata.Name.Should().Be("b");
    }

    [Fact]
    public void A_kind_that_has_no_contract_here_is_refused_by_name()
    {
        var resource = () => KubeModels.ResourceOf<V1Pod>();
        var json = () => KubeModels.Json<V1Pod>();

        resource.Should().Throw<NotSupportedException>().WithMessage("V1Pod is not among*");
        json.Should().Throw<NotSupportedException>();
    }

    private static string Text<T>(T o)
        where T : class, IKubeResource<T> => JsonSerializer.Serialize(o, T.Json);

    private static string RoundTrip(Type kind, string text) => kind.Name switch
    {
        nameof(V1Namespace) => RoundTrip<V1Namespace>(text),
        nameof(V1ServiceAccount) => RoundTrip<V1ServiceAccount>(text),
        nameof(V1Secret) => RoundTrip<V1Secret>(text),
        nameof(V1Endpoints) => RoundTrip<V1Endpoints>(text),
        nameof(V1Role) => RoundTrip<V1Role>(text),
        nameof(V1ClusterRole) => RoundTrip<V1ClusterRole>(text),
        nameof(V1RoleBinding) => RoundTrip<V1RoleBinding>(text),
        nameof(V1ClusterRoleBinding) => RoundTrip<V1ClusterRoleBinding>(text),
        nameof(V1SubjectAccessReview) => RoundTrip<V1SubjectAccessReview>(text),
        nameof(V1SelfSubjectAccessReview) => RoundTrip<V1SelfSubjectAccessReview>(text),
        nameof(V1TokenReview) => RoundTrip<V1TokenReview>(text),
        nameof(Authenticationv1TokenRequest) => RoundTrip<Authenticationv1TokenRequest>(text),
        nameof(V1Lease) => RoundTrip<V1Lease>(text),
        nameof(Eventsv1Event) => RoundTrip<Eventsv1Event>(text),
        nameof(V1MutatingWebhookConfiguration) => RoundTrip<V1MutatingWebhookConfiguration>(text),
        nameof(V1ValidatingWebhookConfiguration) => RoundTrip<V1ValidatingWebhookConfiguration>(text),
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
