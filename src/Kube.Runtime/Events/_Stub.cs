using Kube.Client;
using Kube.Model;
using Microsoft.Extensions.Logging;
namespace Kube.Runtime;
/// <summary>stub</summary>
public sealed record EventNote { 
/// <summary>stub</summary>
public string Type {get;init;}="";
/// <summary>stub</summary>
public string Reason {get;init;}="";
/// <summary>stub</summary>
public string Action {get;init;}="";
/// <summary>stub</summary>
public string Note {get;init;}="";
/// <summary>stub</summary>
public ObjectReference? Regarding {get;init;}
/// <summary>stub</summary>
public ObjectReference? Related {get;init;} }
/// <summary>stub</summary>
public sealed record EventRecorderOptions { 
/// <summary>stub</summary>
public string Controller {get;init;}="";
/// <summary>stub</summary>
public string Instance {get;init;}=""; }
/// <summary>stub</summary>
#pragma warning disable CS9113, CA1822
public sealed class EventRecorder(KubeClient c, EventRecorderOptions o, TimeProvider t, ILogger l) {
/// <summary>stub</summary>
public void Record(EventNote n) {}
/// <summary>stub</summary>
public Task RunAsync(CancellationToken ct) => Task.Delay(Timeout.InfiniteTimeSpan, t, ct);
/// <summary>stub</summary>
public Task FlushAsync(CancellationToken ct) => Task.CompletedTask;
}
