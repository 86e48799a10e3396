namespace Kube.Client;

/// <summary>An object that could not be read.</summary>
/// <param name="Resource">Its kind, e.g. <c>roles.rbac.authorization.k8s.io</c>.</param>
/// <param name="Key"><c>namespace/name</c> where that much could be read.</param>
/// <param name="Error">What is wrong with it.</param>
public sealed record SkippedObject(string Resource, string? Key, Exception Error);
