namespace Kube.Runtime;

internal static class Exceptions
{
    extension(Exception e)
    {
        /// <summary>
        /// Something that a working program meets: an answer, no answer, a cancellation. Its message is enough; a stack trace would be noise.
        /// </summary>
        public bool IsNoBug =>
            e is KubeApiException or KubeConnectionException or KubeConfigException or OperationCanceledException or TimeoutException or IOException;
    }
}
