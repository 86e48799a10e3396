namespace Kube.Client;

/// <summary>
/// The configuration that says which cluster and which identity cannot be used: missing, torn, contradictory, or its credential
/// plugin fails. The message names the file or variable, what is wrong and what to do; it never holds a credential.
/// </summary>
public sealed class KubeConfigException(string message, Exception? inner = null) : Exception(message, inner);
