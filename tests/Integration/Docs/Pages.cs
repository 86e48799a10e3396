namespace Integration.Docs;

/// <summary>Every page with commands: who types them, what is there before, what a reader fills in, and what is not run, with the reason.</summary>
internal static class Pages
{
    private const string Tour = "A tour of five minutes";

    // Debian's kubectl knows CronJobs by the version that servers have from 1.21 on.
    private static readonly Special s_reapNow = new("create job --from=cronjob/breakglass-reaper") { MinMinor = 21 };

    public static IReadOnlyList<Page> All { get; } =
    [
        new("README.md", "admin") { RunElsewhere = $"TourTests types '{Tour}', InstallPageTests the rest" },
        new("config/README.md", "admin") { RunElsewhere = "InstallPageTests" },
        new("docs/install.md", "admin") { RunElsewhere = "InstallPageTests" },
        new("docs/approvers.md", "carol")
        {
            Scene = "policy payments-repair JustInTime; asked inc-4712 payments-repair; kubectl wait --for=condition=Approved=false bgg/inc-4712 "
                + "--timeout=110s",
            Specials = [new("BreakGlassApproval") { After = "kubectl wait --for=condition=Active bgg/inc-4712 --timeout=110s" }],
        },
        new("docs/runbooks/RevocationObstructed.md", "admin"),
        new("docs/key-leaked.md", "admin") { RunElsewhere = "RotationTests rotate with two replicas" },
        new("docs/reviewers.md", "rita")
        {
            Scene = "policy payments-oncall; over inc-4711",
            Specials = [new("BreakGlassReview") { After = "kubectl wait --for=condition=Reviewed bgg/inc-4711 --timeout=110s" }],
        },
        new("docs/incident-card.md", "alice")
        {
            Scene = "kubectl apply -f config/samples/policy.yaml; kubectl wait --for=condition=Ready bgp/payments-oncall --timeout=110s",
            Specials =
            [
                new("kind: BreakGlassLockdown")
                {
                    Person = "admin", Before = "active inc-4712", Fill = [("bgg/NAME", "bgg/inc-4712"), ("bgp/NAME", "bgp/payments-oncall")],
                    After = """kubectl patch bgp/payments-oncall --type=merge -p '{"spec":{"suspended":false}}'; kubectl wait --for=condition=Ready """
                        + """bgp/payments-oncall --timeout=110s""",
                },
                new("delete rolebindings,clusterrolebindings") { Person = "admin", Before = "active inc-4713" },
                new("# who, why, what, every step") { Fill = [("bgg NAME", "bgg inc-4711")] },
                s_reapNow with { Person = "admin" },
            ],
        },
        new("docs/cli.md", "alice")
        {
            Scene = "policy payments-oncall",
            Specials =
            [
                // The name is made up by the plugin.
                new("--ticket INC-4711 --for 30m") { Fill = [("inc-4711-x7k2p", "$(kubectl breakglass list --live -o name | cut -d/ -f2)")] },
                new("rollout undo") { Before = Deployment.OfTwoRevisions, After = "kubectl -n payments get deployment checkout -o "
                    + "jsonpath='{.spec.template.spec.containers[0].image}' | grep -x checkout:2.40.3" },
                new("set-credentials")
                {
                    Before = """
                        cp "$alice" own.kubeconfig; chmod 600 own.kubeconfig; export KUBECONFIG=own.kubeconfig
                        kubectl config rename-context test my-own-context
                        kubectl config set-cluster prod --server="$server" --certificate-authority="$directory/pki/ca.crt" --embed-certs=true
                        """,
                    Fill = [("kubectl config set-credentials", "export KUBECONFIG=own.kubeconfig; kubectl config set-credentials"),
                        ("get pods", "get pods -n payments")],
                },
                new("completion kubectl") { Before = "mkdir -p ~/.local/bin", After = "~/.local/bin/kubectl_complete-breakglass requ | grep '^request'" },
            ],
        },
        new("docs/concepts.md", "admin"),
        new("docs/development.md", "admin")
        {
            Specials =
            [
                new("dotnet test") { NotRun = "it is what runs this test" },
                new("setup-envtest") { NotRun = "runs all tests anew, with binaries that setup-envtest downloads" },
                new("hack/control-plane.sh run") { Fill = [("hack/control-plane.sh run artifacts/cluster ", ": it runs already "),
                    ("user artifacts/cluster", "user \"$directory\""), ("token artifacts/cluster", "token \"$directory\"")] },
            ],
        },
        new("docs/gitops.md", "admin")
        {
            Scene = """
                while read -r group version kind plural; do # stands for the tool's own definition
                    printf '%s\n' --- 'apiVersion: apiextensions.k8s.io/v1' 'kind: CustomResourceDefinition' "metadata: {name: $plural.$group}" \
                        "spec: {group: $group, scope: Namespaced, names: {kind: $kind, plural: $plural}, versions: [{name: $version, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}"
                done <<END | kubectl apply -f -
                argoproj.io v1alpha1 Application applications
                argoproj.io v1alpha1 AppProject appprojects
                source.toolkit.fluxcd.io v1 GitRepository gitrepositories
                helm.toolkit.fluxcd.io v2 HelmRelease helmreleases
                kustomize.toolkit.fluxcd.io v1 Kustomization kustomizations
                END
                kubectl wait --for=condition=Established crd applications.argoproj.io appprojects.argoproj.io gitrepositories.source.toolkit.fluxcd.io helmreleases.helm.toolkit.fluxcd.io kustomizations.kustomize.toolkit.fluxcd.io --timeout=110s
                for name in argocd flux-system; do kubectl get namespace $name || kubectl create namespace $name; done
                kubectl -n argocd get configmap argocd-cm || kubectl -n argocd create configmap argocd-cm
                """,
        },
        new("docs/notifications.md", "admin") { Scene = "echo 'receivers: []' > receivers.yaml; kubectl -n breakglass-system delete secret "
            + "breakglass-notifications --ignore-not-found" },
        new("docs/operations.md", "admin")
        {
            Scene = "policy payments-oncall; kubectl delete clusterrolebinding oncall-may-ask --ignore-not-found; kubectl get namespace ci || kubectl create "
                + "namespace ci",
            Specials =
            [
                s_reapNow,
                new("kind: BreakGlassLockdown") { Before = "active inc-4711", After = "kubectl delete bgl/stop" },
                new("create -f lockdown.yaml")
                {
                    Before = """
                        policy another; active inc-4712 another
                        printf '%s\n' 'apiVersion: breakglass.dev/v1alpha1' 'kind: BreakGlassLockdown' 'metadata: {name: stop}' 'spec: {reason: a credential leaked}' > lockdown.yaml
                        """,
                    After = "kubectl delete bgl/stop",
                },
                new("breakglass.dev/grant=NAME") { Before = "policy third; active inc-4713 third", Fill = [("grant=NAME", "grant=inc-4713")] },
            ],
        },
    ];
}
