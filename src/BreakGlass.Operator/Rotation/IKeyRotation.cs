namespace BreakGlass.Operator.Rotation;

/// <summary>One of the keys that can be rotated on request.</summary>
internal interface IKeyRotation
{
    /// <summary>Its name: one of <see cref="RotatedKeys"/>.</summary>
    string Key { get; }

    /// <summary>Takes a rotation as far as it gets now. Doing it twice does no harm, and any leader can go on with it.</summary>
    /// <param name="request">The request, which was checked.</param>
    /// <param name="progress">What is known of it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task<RotationProgress> StepAsync(RotationRequest request, RotationProgress progress, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a rotation that drops compromised keys a step further although it is not requested any more: people who can write requests can remove one, or
    /// write that it is over. Nothing to do if there is none.
    /// </summary>
    Task CompleteAsync(CancellationToken cancellationToken);
}
