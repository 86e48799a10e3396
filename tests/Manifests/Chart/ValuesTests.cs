using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace Manifests.Chart;

/// <summary>What values make of the chart, and which are refused.</summary>
public sealed class ValuesTests
{
    private const string Pem = @"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"; // as JSON has it

    // The table of options, which is made from the operator's own.
    private static readonly string s_options = File.ReadAllText(Path.Combine(TestKit.Golden.RepositoryRoot, "docs", "operations.md"));

    private const string Bucket = """{"journal":{"enabled":true,"keySecret":"k","bucket":{"name":"breakglass-journal","prefix":"clusters/prod","endpoint":"""
        + """ "https://minio.storage.svc:9000","pathStyle":true,"retention":"8760h","compliance":true,"credentialsSecret":"c"}},"""
        + """ "networkPolicy":{"egress":{"restricted":true}}}""";

    private const string Gateway = """{"gateway":{"enabled":true,"publicUrl":"https://10.0.0.9:8443","extraNames":["10.0.0.9","fd00::9"],"certificateSecret":"""
        + $$$""" "gateway-cert","publicCaBundle":"{{{Pem}}}","stalenessLimit":"1m30s","replicas":3,"service":{"type":"LoadBalancer","port":8443,"""
        + """ "nodePort":30443,"annotations":{"a":"b"},"externalTrafficPolicy":"Local","loadBalancerIP":"192.0.2.7","loadBalancerSourceRanges":["192.0.2.0/24"]},"""
        + """ "logLevel":"debug","extraArgs":["--otlp-endpoint=http://otel:4317"],"extraEnv":[{"name":"TZ","value":"UTC"}],"podAnnotations":{"a":"b"},"""
        + """ "nodeSelector":{"kubernetes.io/os":"linux"},"tolerations":[{"operator":"Exists"}],"affinity":{"nodeAffinity":{}},"topologySpreadConstraints":[],"""
        + """ "priorityClassName":"system-cluster-critical","podDisruptionBudget":{"enabled":true,"minAvailable":"50%"}}}""";

    /// <summary>Sets of values, each beside the defaults.</summary>
    public static TheoryData<string> Matrix =>
    [
        "{}",
        """{"replicas":1,"podDisruptionBudget":{"enabled":false},"networkPolicy":{"enabled":false}}""",
        """{"image":{"repository":"registry.example.com/breakglass-operator","digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},"imagePullSecrets":[{"name":"registry"}]}""",
        """{"extraLabels":{"team":"platform","cost-centre":"4711"}}""",
        """{"grantsNamespace":{"name":"emergency","create":false,"escalate":false}}""",
        """{"bind":{"clusterRoles":["view"],"roles":["debugger"]}}""",
        """{"bind":{"clusterRoles":[],"roles":[]}}""",
        $$$"""{"operator":{"logLevel":"debug","clusterName":"prod: """
            + $$$"""1 #eu","publicServer":"https://kube.example.com:6443","publicCa":"{{{Pem}}}","otlpEndpoint":"http://otel:4317"}}""",
        """{"operator":{"extraArgs":["--resync=5m"],"extraEnv":[{"name":"TZ","value":"UTC"}],"extraVolumes":["""
            + """{"name":"x","emptyDir":{}}],"extraVolumeMounts":[{"name":"x","mountPath":"/x"}]}}""",
        """{"operator":{"nodeSelector":{"kubernetes.io/os":"linux"},"tolerations":[{"operator":"Exists"}],"affinity":{"nodeAffinity":"""
            + """{}},"priorityClassName":"system-cluster-critical","topologySpreadConstraints":[],"hostNetwork":true,"podAnnotations":{"a":"b"}}}""",
        """{"reaper":{"enabled":false}}""",
        """{"runAsUser":null,"priorityClass":{"create":false},"flowControl":{"enabled":false}}""",
        """{"webhook":{"port":10250},"operator":{"hostNetwork":true,"httpPort":18080,"priorityClassName":"system-cluster-critical"},"priorityClass":"""
            + """{"value":1000}}""",
        """{"webhook":{"certificates":{"source":"cert-manager"}},"crds":{"keep":false}}""",
        """{"webhook":{"certificates":{"source":"cert-manager","certManager":{"issuerRef":{"kind":"ClusterIssuer","name":"corporate"}}}}}""",
        $$$$"""{"webhook":{"url":"https://10.0.0.9:9443/","certificates":{"source":"secret","secretName":"mine","caBundle":"{{{{Pem}}}}"}}}""",
        """{"guard":{"mode":"none"}}""",
        """{"guard":{"mode":"webhook","legacySecrets":false}}""",
        """{"guard":{"mode":"policies"},"crds":{"enabled":false}}""",
        """{"userRoles":{"create":false}}""",
        """{"userRoles":{"groups":{"requester":["on-call","sre"],"policyAuthor":["platform"],"lockdown":["everybody"],"courier":["safe"]}}}""",
        """{"networkPolicy":{"metricsFrom":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}}}],"egress":"""
            + """{"restricted":true,"extra":[{"ports":[{"port":4317}]}]}}}""",
        """{"serviceMonitor":{"enabled":true,"interval":"30s","labels":{"release":"prometheus"}}}""",
        """{"uninstall":{"revokeGrants":false}}""",
        """{"operator":{"notificationsSecret":"breakglass-notifications"}}""",
        """{"journal":{"enabled":true,"keySecret":"breakglass-journal-key","default":"Required"}}""",
        """{"replicas":1,"runAsUser":null,"journal":{"enabled":true,"keySecret":"k","claim":{"existing":"evidence"}}}""",
        """{"journal":{"enabled":true,"keySecret":"k","claim":{"accessMode":"ReadWriteOnce","storageClassName":"fast","size":"1Gi"}}}""",
        """{"journal":{"enabled":true,"keySecret":"k","sinksSecret":"breakglass-sinks"}}""",
        """{"journal":{"enabled":true,"keySecret":"k","bucket":{"name":"breakglass-journal","region":"eu-central-1"}}}""",
        Bucket,
        """{"audit":{"enabled":true,"clientCASecret":"ca","tokenSecret":"t"},"journal":{"enabled":true,"keySecret":"k","serve":"""
            + """{"enabled":true,"tokenSecret":"t"}},"operator":{"hostNetwork":true}}""",
        """{"gateway":{"enabled":true,"publicUrl":"https://gateway.example.com"},"serviceMonitor":{"enabled":true}}""",
        Gateway,
        """{"prometheusRule":{"enabled":true,"labels":{"release":"prometheus"}},"dashboard":{"enabled":true,"annotations":{"grafana_folder":"Security"}}}""",
    ];

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Any_values_give_sound_objects(string values)
    {
        foreach (var kubeVersion in (string[])["1.20", "1.29", "1.35"])
        {
            var objects = await RenderAsync(kubeVersion, values);
            objects.Select(o => o.Key()).Should().OnlyHaveUniqueItems();
            var labels = JsonNode.Parse(values)!["extraLabels"] as JsonObject ?? [];
            foreach (var o in objects)
            {
                o["metadata"]!["labels"]!["app.kubernetes.io/name"]!.GetValue<string>().Should().Be("breakglass-operator", o.Key());
                labels.All(l => JsonNode.DeepEquals(o["metadata"]!["labels"]![l.Key], l.Value)).Should().BeTrue(o.Key());
            }

            Cross(objects);
            objects.Pods().Should().OnlyContain(pod => IsRestricted(pod));
        }
    }

    [Theory]
    [InlineData("""{"image":{"digest":"latest"}}""", "digest")]
    [InlineData("""{"replicaCount":3}""", "replicaCount")]
    [InlineData("""{"replicas":"two"}""", "replicas")]
    [InlineData("""{"grantsNamespace":{"name":"Not A Name"}}""", "grantsNamespace")]
    [InlineData("""{"grantsNamespace":{"escalate":"no"}}""", "escalate")]
    [InlineData("""{"grantsNamespace":{"name":"breakglass-system"}}""", "install into another namespace")]
    [InlineData("""{"webhook":{"certificates":{"source":"secret"}}}""", "set webhook.certificates.secretName and webhook.certificates.caBundle")]
    [InlineData("""{"webhook":{"certificates":{"secretName":"mine"}}}""", "Set source: secret, or leave them out")]
    [InlineData("""{"webhook":{"url":"http://10.0.0.9"}}""", "url")]
    [InlineData("""{"guard":{"mode":"off"}}""", "mode")]
    [InlineData("""{"operator":{"publicCa":"not a certificate"}}""", "publicCa")]
    [InlineData("""{"operator":{"extraArgs":["resync=5m"]}}""", "extraArgs")]
    [InlineData("""{"prometheusRule":{"runbookUrl":"our wiki"}}""", "runbookUrl")]
    [InlineData("""{"webhook":{"url":"https://10.0.0.9:9443","certificates":{"source":"cert-manager"}}}""", "is for the Service's names alone")]
    [InlineData("""{"userRoles":{"create":false,"groups":{"requester":["on-call"]}}}""", "userRoles.create is false")]
    [InlineData("""{"webhook":{"port":0}}""", "port")]
    [InlineData("""{"webhook":{"port":8080}}""", "two listeners")]
    [InlineData("""{"priorityClass":{"value":2000000000}}""", "value")]
    [InlineData("""{"runAsUser":0}""", "runAsUser")]
    [InlineData("""{"journal":{"enabled":true}}""", "set journal.keySecret")]
    [InlineData("""{"journal":{"keySecret":"k"}}""", "journal.enabled is false")]
    [InlineData("""{"journal":{"default":"Always"}}""", "default")]
    [InlineData("""{"journal":{"bucket":{"name":"evidence","region":"eu-central-1"}}}""", "journal.enabled is false")]
    [InlineData("""{"journal":{"enabled":true,"keySecret":"k","bucket":{"name":"evidence"}}}""", "set journal.bucket.region")]
    [InlineData("""{"journal":{"enabled":true,"keySecret":"k","bucket":{"region":"eu-central-1"}}}""", "Set journal.bucket.name")]
    [InlineData("""{"journal":{"enabled":true,"keySecret":"k","bucket":{"name":"a b","region":"eu-central-1"}}}""", "name")]
    [InlineData("""{"journal":{"enabled":true,"keySecret":"k","bucket":{"name":"evidence","region":"eu-central-1"},"claim":{"existing":"c"}}}""",
        "the journal is in one place")]
    [InlineData("""{"journal":{"enabled":true,"keySecret":"k","serve":{"enabled":true}}}""", "everybody could read the journal")]
    [InlineData("""{"journal":{"enabled":true,"keySecret":"k","serve":{"tokenSecret":"t"}}}""", "Set journal.serve.enabled")]
    [InlineData("""{"journal":{"serve":{"enabled":true,"tokenSecret":"t"}}}""", "no journal to read")]
    [InlineData("""{"journal":{"enabled":true,"keySecret":"k","serve":{"enabled":true,"tokenSecret":"t","port":9443}}}""", "another listener")]
    [InlineData("""{"audit":{"enabled":true}}""", "set audit.clientCASecret or audit.tokenSecret")]
    [InlineData("""{"audit":{"enabled":true,"tokenSecret":"t","port":9443}}""", "another listener")]
    [InlineData("""{"audit":{"enabled":true,"tokenSecret":"t","port":9446},"gateway":{"enabled":true,"publicUrl":"https://g"}}""", "another listener")]
    [InlineData("""{"gateway":{"enabled":true}}""", "gateway.publicUrl is empty")]
    [InlineData("""{"gateway":{"publicUrl":"https://gateway.example.com"}}""", "gateway.enabled is false")]
    [InlineData("""{"gateway":{"enabled":true,"publicUrl":"http://gateway.example.com"}}""", "publicUrl")]
    [InlineData("""{"gateway":{"enabled":true,"publicUrl":"https://gateway.example.com/kube"}}""", "publicUrl")]
    [InlineData("""{"gateway":{"enabled":true,"publicUrl":"https://g","service":{"type":"ExternalName"}}}""", "type")]
    [InlineData("""{"gateway":{"enabled":true,"publicUrl":"https://g","stalenessLimit":"10"}}""", "stalenessLimit")]
    [InlineData("""{"gateway":{"enabled":true,"publicUrl":"https://g","publicCaBundle":"not a certificate"}}""", "publicCaBundle")]
    [InlineData("""{"gateway":{"enabled":true,"publicUrl":"https://g","certificateSecret":"mine"}}""", "set gateway.publicCaBundle")]
    public async Task Values_that_cannot_work_are_refused(string values, string says)
    {
        var refused = await TryAsync("1.35", values);
        refused.ExitCode.Should().NotBe(0);
        refused.Error.Should().Contain(says);
    }

    [Fact]
    public async Task Every_value_has_a_comment_and_a_schema()
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Tool.Chart, "values.yaml"));
        for (var i = 1; i < lines.Length; i++)
        {
            // A section may say it for all that is in it.
            if (lines[i].Length > 0 && char.IsAsciiLetter(lines[i][0]) && !lines[i].EndsWith(':'))
                lines[i - 1].Should().StartWith("#", $"line {i + 1} should say what {lines[i]} is for");
        }

        var schema = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Tool.Chart, "values.schema.json")))!;
        Covered(YamlText.Parse(string.Join('\n', lines))[0], schema, "");
    }

    [Fact]
    public async Task The_chart_has_no_complaints_of_its_own()
    {
        var lint = await Tool.HelmAsync("lint", "--strict", Tool.Chart);
        lint.ExitCode.Should().Be(0, lint.Output + lint.Error);
    }

    [Fact]
    public async Task The_operator_holds_bind_for_the_listed_roles_alone()
    {
        var rules = (await RenderAsync("1.35", """{"bind":{"clusterRoles":["view","payments-debugger"],"roles":["debugger"]}}""")).One(
            "ClusterRole", "breakglass-operator-bind")["rules"]!.AsArray();
        rules.Select(r => (r!["resources"].Strings().Single(), string.Join(' ', r["resourceNames"].Strings())))
            .Should().Equal(("clusterroles", "view payments-debugger"), ("roles", "debugger"));
        (await RenderAsync("1.35", """{"bind":{"clusterRoles":[],"roles":[]}}""")).One("ClusterRole", "breakglass-operator-bind")["rules"]!.AsArray()
            .Should().BeEmpty();
    }

    [Fact]
    public async Task Alerts_and_dashboard_are_those_of_config()
    {
        var objects = await RenderAsync("1.35", """{"prometheusRule":{"enabled":true},"dashboard":{"enabled":true}}""");
        var rules = ConfigDirectory.Read(Path.Combine("prometheus", "rules.yaml")).Single()["spec"]!["groups"];
        JsonNode.DeepEquals(objects.One("PrometheusRule")["spec"]!["groups"], rules).Should().BeTrue("the chart's rules are those of config/prometheus");
        var dashboard = await File.ReadAllTextAsync(Path.Combine(ConfigDirectory.Root, "grafana", "breakglass-operator.json"));
        var held = objects.One("ConfigMap", "breakglass-operator-dashboard")["data"]!["breakglass-operator.json"]!.GetValue<string>();
        JsonNode.DeepEquals(JsonNode.Parse(held), JsonNode.Parse(dashboard)).Should().BeTrue("the chart's dashboard is that of config/grafana");
    }

    [Theory]
    [InlineData("https://git.example.com/ops/docs/runbooks")]
    [InlineData("https://git.example.com/ops/docs/runbooks/")]
    public async Task Every_alert_leads_to_its_page_where_the_runbooks_are_kept(string runbooks)
    {
        var objects = await RenderAsync("1.35", $$$"""{"prometheusRule":{"enabled":true,"runbookUrl":"{{{runbooks}}}"}}""");
        Alerts(objects).Should().NotBeEmpty().And.OnlyContain(alert => RunbookOf(alert) == $"https://git.example.com/ops/docs/runbooks/{alert["alert"]}.md");
    }

    // docs/operations.md has it for those without Helm.
    [Fact]
    public async Task The_documented_kustomization_gives_the_same_runbook_addresses()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(TestKit.Golden.RepositoryRoot, "docs", "operations.md"));
        var replacements = page[page.IndexOf("replacements:\n", StringComparison.Ordinal)..];
        var objects = await Tool.KustomizeAsync(["prometheus"], [], replacements[..replacements.IndexOf("```", StringComparison.Ordinal)]);
        Alerts(objects).Should().NotBeEmpty().And.OnlyContain(alert => RunbookOf(alert) == $"https://git.example.com/ops/docs/runbooks/{alert["alert"]}.md");
    }

    [Fact]
    public async Task The_journal_is_on_a_volume_that_the_operator_can_write_and_that_outlives_the_release()
    {
        var objects = await RenderAsync("1.35", """{"journal":{"enabled":true,"keySecret":"breakglass-journal-key","default":"Required"}}""");
        var claim = objects.One("PersistentVolumeClaim", "breakglass-journal");
        claim["spec"]!["accessModes"].Strings().Should().Equal("ReadWriteMany");
        claim["metadata"]!["annotations"]!["helm.sh/resource-policy"]!.GetValue<string>().Should().Be("keep");
        var pod = objects.One("Deployment")["spec"]!["template"]!["spec"]!;
        pod["securityContext"]!["fsGroup"]!.GetValue<long>().Should().Be(65532);
        pod["volumes"]!.AsArray().Select(v => v!["persistentVolumeClaim"]?["claimName"]!.GetValue<string>()).Should().Contain("breakglass-journal");
        pod["containers"]![0]!["args"].Strings().Should().Contain(["--journal-directory=/var/lib/breakglass/journal/log",
            "--journal-key=/etc/breakglass/journal/journal.key", "--journal-default=Required"]);

        (await RenderAsync("1.35", "{}")).Should().NotContain(o => o.Kind() == "PersistentVolumeClaim");
    }

    [Fact]
    public async Task A_journal_in_a_bucket_needs_no_volume_and_the_network_policy_lets_the_operator_reach_it()
    {
        var objects = await RenderAsync("1.35", Bucket);
        objects.Should().NotContain(o => o.Kind() == "PersistentVolumeClaim");
        var pod = objects.One("Deployment")["spec"]!["template"]!["spec"]!;
        pod["securityContext"]!["fsGroup"].Should().BeNull();
        var container = pod["containers"]![0]!;
        container["args"].Strings().Where(a => a.StartsWith("--journal", StringComparison.Ordinal)).Should().BeEquivalentTo(
            "--journal-bucket=breakglass-journal", "--journal-bucket-prefix=clusters/prod", "--journal-bucket-endpoint=https://minio.storage.svc:9000",
            "--journal-bucket-retention=8760h", "--journal-bucket-path-style", "--journal-bucket-compliance",
            "--journal-key=/etc/breakglass/journal/journal.key");
        var file = container["env"]!.AsArray().Single(e => e!["name"]!.GetValue<string>() == "AWS_SHARED_CREDENTIALS_FILE")!["value"]!.GetValue<string>();
        file.Should().StartWith(container["volumeMounts"]!.AsArray().Single(m => m!["name"]!.GetValue<string>() == "journal-bucket")!["mountPath"]!
            .GetValue<string>() + "/");
        pod["volumes"]!.ToJsonString().Should().Contain("\"secretName\":\"c\"");
        Outgoing(objects).Should().Contain(9000);
        Outgoing(await RenderAsync("1.35", """{"networkPolicy":{"egress":{"restricted":true}}}""")).Should().BeEquivalentTo([53, 53, 443, 6443]);
    }

    [Fact]
    public async Task A_role_of_the_cloud_is_an_annotation_of_the_operators_service_account_alone()
    {
        var accounts = (await RenderAsync("1.35", """{"serviceAccount":{"annotations":{"eks.amazonaws.com/role-arn":"arn:aws:iam::1:role/journal"}}}"""))
            .Where(o => o.Kind() == "ServiceAccount").ToDictionary(o => o["metadata"]!["name"]!.GetValue<string>(), o => o["metadata"]!["annotations"]);
        accounts["breakglass-operator"]!["eks.amazonaws.com/role-arn"]!.GetValue<string>().Should().Be("arn:aws:iam::1:role/journal");
        accounts["breakglass-reaper"].Should().BeNull();
    }

    [Theory]
    [InlineData("\"region\":\"eu-central-1\"", 443)]
    [InlineData("\"endpoint\":\"https://s3.example.com\"", 443)]
    [InlineData("\"endpoint\":\"http://minio.storage.svc\"", 80)]
    [InlineData("\"endpoint\":\"https://[fd00::1]:9000/\"", 9000)]
    public async Task The_port_of_the_bucket_is_that_of_its_address(string place, long port) =>
        Outgoing(await RenderAsync("1.35", """{"journal":{"enabled":true,"keySecret":"k","bucket":{"name":"evidence",""" + place
            + """}}, "networkPolicy":{"egress":{"restricted":true,"apiServerPorts":[6443]}}}""")).Should().BeEquivalentTo([53, 53, 6443, port]);

    [Fact]
    public async Task Readers_reach_the_journal_under_the_name_in_the_certificate_and_only_from_where_they_may()
    {
        var objects = await RenderAsync("1.35", """
            {"journal":{"enabled":true,"keySecret":"k","serve":{"enabled":true,"port":19445,"tokenSecret":"readers"}},
             "networkPolicy":{"journalFrom":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"audit"}}}]}}
            """);
        var pod = objects.One("Deployment")["spec"]!["template"]!["spec"]!;
        pod["containers"]![0]!["args"].Strings().Should().Contain(["--journal-listen=:19445", "--journal-token-file=/etc/breakglass/journal-token/token"]);
        pod["containers"]![0]!["ports"]!.AsArray().Single(p => p!["name"]!.GetValue<string>() == "journal")!["containerPort"]!.GetValue<long>()
            .Should().Be(19445);
        objects.One("Service", "breakglass-operator-webhook")["spec"]!["ports"]!.AsArray()
            .Select(p => (p!["port"]!.GetValue<long>(), p["targetPort"]!.GetValue<string>())).Should().Equal((443, "webhook"), (19445, "journal"));
        var rule = objects.One("NetworkPolicy", "breakglass-operator")["spec"]!["ingress"]!.AsArray()
            .Single(r => r!["ports"]![0]!["port"]!.GetValue<string>() == "journal")!;
        rule["from"]!.ToJsonString().Should().Contain("\"audit\"");
    }

    [Fact]
    public async Task Audit_events_have_a_port_a_Service_and_a_way_through_the_network_policy()
    {
        var objects = await RenderAsync("1.35", """{"audit":{"enabled":true,"port":19444,"clientCASecret":"authority","tokenSecret":"senders"}}""");
        var container = objects.One("Deployment")["spec"]!["template"]!["spec"]!["containers"]![0]!;
        container["args"].Strings().Should().Contain(["--audit-listen=:19444", "--audit-client-ca=/etc/breakglass/audit-ca/ca.crt",
            "--audit-token-file=/etc/breakglass/audit-token/token"]);
        objects.One("Service", "breakglass-operator-audit")["spec"]!["ports"]![0]!["targetPort"]!.GetValue<string>().Should().Be("audit");
        objects.One("NetworkPolicy", "breakglass-operator")["spec"]!["ingress"]!.AsArray().SelectMany(r => r!["ports"]!.AsArray())
            .Select(p => p!["port"]!.GetValue<string>()).Should().BeEquivalentTo("webhook", "audit", "http");

        (await RenderAsync("1.35", "{}")).Should().NotContain(o => o.Name() == "breakglass-operator-audit");
    }

    [Fact]
    public async Task A_digest_wins_over_a_tag()
    {
        var digest = $"sha256:{new string('a', 64)}";
        var objects = await RenderAsync("1.35", $$$"""{"image":{"repository":"r.example.com/x","tag":"1.2.3","digest":"{{{digest}}}"}}""");
        objects.Pods().Should().HaveCount(3).And.OnlyContain(p => p["containers"]![0]!["image"]!.GetValue<string>() == $"r.example.com/x@{digest}");
    }

    [Fact]
    public async Task Another_grants_namespace_is_named_everywhere()
    {
        var objects = await RenderAsync("1.35", """{"grantsNamespace":{"name":"emergency"}}""");
        // Descriptions of the kinds name the default.
        objects.Where(o => o.Kind() != "CustomResourceDefinition").Should().OnlyContain(o => !o.ToJsonString(null).Contains("breakglass-grants"));
        objects.One("ValidatingAdmissionPolicy", "breakglass-guard").ToJsonString().Should().Contain("serviceaccount:emergency:");
    }

    // The policies watched ServiceAccounts of "security-grants", which nobody has.
    [Fact]
    public async Task A_grants_namespace_with_the_operators_usual_name_in_it_was_guarded_under_another_name()
    {
        var objects = await Tool.TemplateAsync("1.35", "-n", "security", "--set", "grantsNamespace.name=breakglass-system-grants");
        foreach (var policy in objects.Where(o => o.Kind() == "ValidatingAdmissionPolicy"))
        {
            policy.ToJsonString()
                .Should().Contain(policy.Name() == "breakglass-guard-operator" ? "serviceaccount:security:" : "serviceaccount:breakglass-system-grants:")
                .And.Contain("breakglass-system-grants").And.NotContain("security-grants");
        }
    }

    [Theory]
    [InlineData("""{"replicas":1}""", false)]
    [InlineData("""{"replicas":2,"podDisruptionBudget":{"minAvailable":2}}""", false)]
    [InlineData("""{"replicas":1,"podDisruptionBudget":{"minAvailable":"50%"}}""", false)]
    [InlineData("""{"replicas":2,"podDisruptionBudget":{"minAvailable":"50%"}}""", true)]
    [InlineData("""{"replicas":3,"podDisruptionBudget":{"minAvailable":2}}""", true)]
    public async Task A_disruption_budget_that_lets_no_pod_go_held_up_every_drain(string values, bool there) =>
        (await RenderAsync("1.35", values)).Any(o => o.Kind() == "PodDisruptionBudget").Should().Be(there);

    [Fact]
    public async Task The_webhooks_port_could_not_be_moved_where_a_firewall_opens_10250_alone()
    {
        var objects = await RenderAsync("1.35", """{"webhook":{"port":10250},"operator":{"httpPort":18080}}""");
        var container = objects.One("Deployment")["spec"]!["template"]!["spec"]!["containers"]![0]!;
        container["ports"]!.AsArray().ToDictionary(p => p!["name"]!.GetValue<string>(), p => p!["containerPort"]!.GetValue<long>())
            .Should().Equal(new Dictionary<string, long> { ["http"] = 18080, ["webhook"] = 10250 });
        container["args"].Strings().Should().Contain(["--webhook-address=:10250", "--http-address=:18080"]);

        // Whatever leads to a port names it, and so follows it.
        objects.Where(o => o.Kind() == "Service").SelectMany(o => o["spec"]!["ports"]!.AsArray()).Select(p => p!["targetPort"]!.GetValue<string>())
            .Should().BeEquivalentTo("http", "webhook");
        objects.One("NetworkPolicy", "breakglass-operator")["spec"]!["ingress"]!.AsArray().SelectMany(r => r!["ports"]!.AsArray())
            .Select(p => p!["port"]!.GetValue<string>()).Should().BeEquivalentTo("http", "webhook");
        container["readinessProbe"]!["httpGet"]!["port"]!.GetValue<string>().Should().Be("http");
    }

    [Fact]
    public async Task A_cluster_that_chooses_user_ids_refused_the_one_that_the_chart_named()
    {
        (await RenderAsync("1.35", """{"runAsUser":null}""")).Pods()
            .Should().OnlyContain(p => p["securityContext"]!["runAsUser"] == null && p["securityContext"]!["runAsGroup"] == null);
        (await RenderAsync("1.35", "{}")).Pods().Should().OnlyContain(p => p["securityContext"]!["runAsUser"]!.GetValue<long>() == 65532);
    }

    // A full node evicted the operator before anything else: pods of priority 0 go first.
    [Fact]
    public async Task Nothing_said_that_the_operator_matters_more_than_what_it_runs_beside()
    {
        var objects = await RenderAsync("1.35", "{}");
        var name = objects.One("PriorityClass").Name();
        objects.Pods().Should().HaveCount(3).And.OnlyContain(p => p["priorityClassName"]!.GetValue<string>() == name);
        var own = await RenderAsync("1.35", """{"operator":{"priorityClassName":"ours"},"priorityClass":{"create":false}}""");
        own.One("Deployment")["spec"]!["template"]!["spec"]!["priorityClassName"]!.GetValue<string>().Should().Be("ours");
        own.One("CronJob", "breakglass-reaper")["spec"]!["jobTemplate"]!["spec"]!["template"]!["spec"]!["priorityClassName"].Should().BeNull();
    }

    [Theory]
    [InlineData("1.20", "v1beta1")]
    [InlineData("1.22", "v1beta1")]
    [InlineData("1.23", "v1beta2")]
    [InlineData("1.26", "v1beta3")]
    [InlineData("1.28", "v1beta3")]
    [InlineData("1.29", "v1")]
    [InlineData("1.36", "v1")]
    public async Task Priority_levels_come_in_the_version_that_the_server_has(string kubeVersion, string version)
    {
        var objects = (await RenderAsync(kubeVersion, """{"grantsNamespace":{"name":"emergency"}}""")).Where(
            o => o.Kind() is "FlowSchema" or "PriorityLevelConfiguration").ToList();
        objects.Should().HaveCount(5).And.OnlyContain(o => o["apiVersion"]!.GetValue<string>() == $"flowcontrol.apiserver.k8s.io/{version}");
        var shares = version is "v1beta1" or "v1beta2" ? "assuredConcurrencyShares" : "nominalConcurrencyShares";
        objects.Where(o => o.Kind() == "PriorityLevelConfiguration").Should().OnlyContain(o => o["spec"]!["limited"]![shares] != null);
        objects.One("FlowSchema", "breakglass-granted")["spec"]!["rules"]![0]!["subjects"]![0]!["group"]!["name"]!.GetValue<string>()
            .Should().Be("system:serviceaccounts:emergency");
    }

    [Fact]
    public async Task What_the_page_about_installing_says_of_managed_clusters_renders()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(TestKit.Golden.RepositoryRoot, "docs", "install.md"));
        var section =
            page[page.IndexOf("## Private and managed clusters", StringComparison.Ordinal)..page.IndexOf("## Without Helm", StringComparison.Ordinal)];
        var blocks = section.Split("```yaml\n").Skip(1).Select(b => b[..b.IndexOf("```", StringComparison.Ordinal)]).ToList();
        blocks.Should().HaveCount(4);
        foreach (var block in blocks) (await RenderAsync("1.35", block)).Should().NotBeEmpty();
    }

    [Fact]
    public async Task The_values_that_the_page_about_the_journal_shows_put_it_into_a_bucket()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(TestKit.Golden.RepositoryRoot, "docs", "journal.md"));
        var block = page[page.IndexOf("## A journal in a bucket", StringComparison.Ordinal)..].Split("```yaml\n")[1];
        var objects = await RenderAsync("1.35", block[..block.IndexOf("```", StringComparison.Ordinal)]);
        objects.One("Deployment")["spec"]!["template"]!["spec"]!["containers"]![0]!["args"].Strings().Should().Contain("--journal-bucket=breakglass-journal");
    }

    private static IReadOnlyList<JsonNode> Alerts(IReadOnlyList<JsonNode> objects) =>
        [.. objects.One("PrometheusRule")["spec"]!["groups"]!.AsArray().SelectMany(group => group!["rules"]!.AsArray())
            .Where(rule => rule!["alert"] is not null).Select(rule => rule!)];

    private static IEnumerable<long> Outgoing(IReadOnlyList<JsonNode> objects) =>
        objects.One("NetworkPolicy", "breakglass-operator")["spec"]!["egress"]!.AsArray().SelectMany(r => r!["ports"]!.AsArray())
            .Select(p => p!["port"]!.GetValue<long>());

    private static string RunbookOf(JsonNode alert) => alert["annotations"]!["runbook_url"]!.GetValue<string>();

    // Whatever names something names what is there.
    private static void Cross(IReadOnlyList<JsonNode> objects)
    {
        foreach (var binding in objects.Where(o => o.Kind() is "RoleBinding" or "ClusterRoleBinding"))
        {
            objects.Should().Contain(o => o.Kind() == binding["roleRef"]!["kind"]!.GetValue<string>()
                && o.Name() == binding["roleRef"]!["name"]!.GetValue<string>(), binding.Key());
            foreach (var subject in binding["subjects"]!.AsArray().Where(s => s!["kind"]!.GetValue<string>() == "ServiceAccount"))
            {
                objects.Should().Contain(o => o.Key() == $"ServiceAccount {subject!["namespace"]}/{subject["name"]}", binding.Key());
            }
        }

        foreach (var pod in objects.Pods())
        {
            objects.Should().Contain(o => o.Kind() == "ServiceAccount" && o.Name() == pod["serviceAccountName"]!.GetValue<string>());
            var mounts = pod["containers"]![0]!["volumeMounts"]?.AsArray().Select(m => m!["name"]!.GetValue<string>()) ?? [];
            mounts.Should().BeEquivalentTo(pod["volumes"]?.AsArray().Select(v => v!["name"]!.GetValue<string>()) ?? []);
            var options = pod["containers"]![0]!["args"].Strings().Where(a => a.StartsWith("--", StringComparison.Ordinal)).Select(a => a.Split('=')[0]);
            options.Where(o => !s_options.Contains($"| `{o}")).Should().BeEmpty("the operator starts only with options that it has");
        }

        foreach (var service in objects.Where(o => o.Kind() == "Service"))
        {
            var behind = objects.Should().ContainSingle(o => o.Kind() == "Deployment" && Selects(service, o), service.Key()).Subject;
            service["spec"]!["ports"]!.AsArray().Select(p => p!["targetPort"]!.GetValue<string>())
                .Should().BeSubsetOf(behind["spec"]!["template"]!["spec"]!["containers"]![0]!["ports"]!.AsArray().Select(p => p!["name"]!.GetValue<string>()));
        }
    }

    private static bool Selects(JsonNode service, JsonNode deployment) =>
        service["spec"]!["selector"]!.AsObject().All(l => JsonNode.DeepEquals(deployment["spec"]!["template"]!["metadata"]!["labels"]![l.Key], l.Value));

    private static bool IsRestricted(JsonNode pod)
    {
        var (security, container) = (pod["securityContext"]!, pod["containers"]![0]!["securityContext"]!);
        return security["runAsNonRoot"]!.GetValue<bool>() && security["seccompProfile"]!["type"]!.GetValue<string>() == "RuntimeDefault"
            && !container["allowPrivilegeEscalation"]!.GetValue<bool>() && container["readOnlyRootFilesystem"]!.GetValue<bool>()
            && container["capabilities"]!["drop"].Strings().SequenceEqual(["ALL"]);
    }

    private static void Covered(JsonNode? value, JsonNode? schema, string path)
    {
        schema.Should().NotBeNull($"{path} is in values.yaml and is to be in values.schema.json");
        if (value is not JsonObject map || schema!["properties"] is not JsonObject properties) return;
        schema["additionalProperties"]!.GetValue<bool>().Should().BeFalse($"a name that {path} does not have is a mistake");
        foreach (var (name, inner) in map) Covered(inner, properties[name], $"{path}.{name}");
    }

    private static async Task<IReadOnlyList<JsonNode>> RenderAsync(string kubeVersion, string values)
    {
        var result = await TryAsync(kubeVersion, values);
        result.ExitCode.Should().Be(0, result.Error);
        return YamlText.Parse(result.Output);
    }

    private static async Task<ToolResult> TryAsync(string kubeVersion, string values)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, values);
            return await Tool.HelmAsync("template", "breakglass", Tool.Chart, "-n", "breakglass-system", "--kube-version", kubeVersion, "-f", file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
