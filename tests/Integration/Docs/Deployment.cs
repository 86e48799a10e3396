namespace Integration.Docs;

/// <summary>A Deployment with a history, which here no controller makes.</summary>
internal static class Deployment
{
    public const string OfTwoRevisions = """
        kubectl -n payments delete deployment,replicaset --all
        kubectl -n payments create deployment checkout --image=checkout:2.41.0
        kubectl -n payments annotate deployment checkout deployment.kubernetes.io/revision=2
        uid=$(kubectl -n payments get deployment checkout -o jsonpath='{.metadata.uid}')
        for revision in 1 2; do kubectl apply -f - <<END
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata:
          name: checkout-$revision
          namespace: payments
          labels: {app: checkout, pod-template-hash: "$revision"}
          annotations: {deployment.kubernetes.io/revision: "$revision"}
          ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: checkout, uid: $uid, controller: true}]
        spec:
          replicas: 0
          selector: {matchLabels: {app: checkout, pod-template-hash: "$revision"}}
          template:
            metadata: {labels: {app: checkout, pod-template-hash: "$revision"}}
            spec: {containers: [{name: checkout, image: "checkout:2.4$([ $revision = 1 ] && echo 0.3 || echo 1.0)"}]}
        END
        done
        """;
}
