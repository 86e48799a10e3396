namespace Kube.Client;

/// <summary>meta/v1 Time: every time of the package's models that is not named in <see cref="ModelHabits"/>.</summary>
internal sealed class WholeSecondsConverter() : ModelTimeConverter(Rfc3339.Seconds);
