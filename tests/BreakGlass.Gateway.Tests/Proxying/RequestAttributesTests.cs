using BreakGlass.Gateway.Proxying;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace BreakGlass.Gateway.Tests.Proxying;

public sealed class RequestAttributesTests
{
    [Theory]
    [InlineData("GET", "/api/v1/namespaces/payments/pods", "list", "", "pods", "", "payments", "")]
    [InlineData("GET", "/api/v1/namespaces/payments/pods?watch=true", "watch", "", "pods", "", "payments", "")]
    [InlineData("GET", "/api/v1/namespaces/payments/pods?watch=1&fieldSelector=metadata.name%3Dweb", "watch", "", "pods", "", "payments", "web")]
    [InlineData("GET", "/api/v1/namespaces/payments/pods?fieldSelector=spec.nodeName%3Da%2Cmetadata.name%3D%3Dweb", "list", "", "pods", "", "payments", "web")]
    [InlineData("GET", "/api/v1/watch/namespaces/payments/pods", "watch", "", "pods", "", "payments", "")]
    [InlineData("GET", "/api/v1/pods?watch=false", "list", "", "pods", "", "", "")]
    [InlineData("HEAD", "/api/v1/namespaces/payments/pods/web", "get", "", "pods", "", "payments", "web")]
    [InlineData("GET", "/api/v1/namespaces/payments/pods/web/log?follow=true", "get", "", "pods", "log", "payments", "web")]
    [InlineData("POST", "/api/v1/namespaces/payments/pods/web/exec?command=sh", "create", "", "pods", "exec", "payments", "web")]
    [InlineData("GET", "/api/v1/namespaces/payments/pods/web/exec?command=sh", "get", "", "pods", "exec", "payments", "web")]
    [InlineData("POST", "/api/v1/namespaces/payments/services/http:web:80/proxy/a/b", "create", "", "services", "proxy", "payments", "http:web:80")]
    [InlineData("PATCH", "/apis/apps/v1/namespaces/payments/deployments/web/scale", "patch", "apps", "deployments", "scale", "payments", "web")]
    [InlineData("DELETE", "/apis/apps/v1/namespaces/payments/deployments", "deletecollection", "apps", "deployments", "", "payments", "")]
    [InlineData("DELETE", "/apis/apps/v1/namespaces/payments/deployments/web", "delete", "apps", "deployments", "", "payments", "web")]
    [InlineData("PUT", "/apis/breakglass.dev/v1alpha1/breakglassgrants/inc-1/status", "update", "breakglass.dev", "breakglassgrants", "status", "", "inc-1")]
    [InlineData("GET", "/api/v1/namespaces", "list", "", "namespaces", "", "", "")]
    [InlineData("GET", "/api/v1/namespaces/payments", "get", "", "namespaces", "", "payments", "payments")]
    [InlineData("PUT", "/api/v1/namespaces/payments/finalize", "update", "", "namespaces", "finalize", "payments", "payments")]
    [InlineData("GET", "/api/v1/namespaces/payments/configmaps/caf%C3%A9", "get", "", "configmaps", "", "payments", "café")]
    public void A_request_is_read_as_the_API_server_reads_it(
        string method, string target, string verb, string group, string resource, string subresource, string ns, string name)
    {
        var read = RequestAttributes.Read(method, target);
        (read.Path, read.Verb, read.Group, read.Resource, read.Subresource, read.Namespace, read.Name)
            .Should().Be((null, verb, group, resource, subresource, ns, name));
    }

    [Theory]
    [InlineData("GET", "/", "get", "/")]
    [InlineData("GET", "/healthz?verbose", "get", "/healthz")]
    [InlineData("GET", "/api/v1", "get", "/api/v1")]
    [InlineData("GET", "/apis/apps/v1", "get", "/apis/apps/v1")]
    [InlineData("POST", "/metrics", "post", "/metrics")]
    public void Everything_else_is_a_path(string method, string target, string verb, string path)
    {
        var read = RequestAttributes.Read(method, target);
        (read.Verb, read.Path).Should().Be((verb, path));
        read.Question().Spec.NonResourceAttributes.Path.Should().Be(path);
    }

    [Fact]
    public void No_target_breaks_it() =>
        Prop.ForAll<string>(text => RequestAttributes.Read("GET", "/api/v1/" + (text ?? "")) is not null).QuickCheckThrowOnFailure();
}
