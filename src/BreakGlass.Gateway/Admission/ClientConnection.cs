using BreakGlass.Gateway.Cutting;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace BreakGlass.Gateway.Admission;

/// <summary>One connection of a client: its certificate, and the ways to end it.</summary>
internal sealed class ClientConnection
{
    private static readonly object Key = new();

    private readonly IConnectionLifetimeNotificationFeature? _notification;
    private readonly IConnectionLifetimeFeature? _lifetime;
    private readonly Lock _reading = new();
    private Identity? _identity;

    private ClientConnection(HttpContext context)
    {
        _notification = context.Features.Get<IConnectionLifetimeNotificationFeature>();
        _lifetime = context.Features.Get<IConnectionLifetimeFeature>();
        Slot = context.Features.Get<IConnectionItemsFeature>()?.Items.TryGetValue(ConnectionSlot.Key, out var slot) is true ? slot as ConnectionSlot : null;
    }

    /// <summary>The certificate that was read last.</summary>
    public ClientCertificate? Certificate => Volatile.Read(ref _identity)?.Certificate;

    /// <summary>Its place among the connections that no grant has been admitted on yet.</summary>
    public ConnectionSlot? Slot { get; }

    /// <summary>Cancelled when the connection is closed.</summary>
    public CancellationToken Closed => _lifetime?.ConnectionClosed ?? CancellationToken.None;

    /// <summary>The connection of a request; the same object for all its requests.</summary>
    public static ClientConnection Of(HttpContext context)
    {
        if (context.Features.Get<IConnectionItemsFeature>()?.Items is not { } items) return new(context);
        lock (items)
        {
            if (items.TryGetValue(Key, out var known) && known is ClientConnection connection) return connection;
            var made = new ClientConnection(context);
            items[Key] = made;
            return made;
        }
    }

    /// <summary>Its certificate; null if the client sent none. The signature is checked once, and again when the authorities changed.</summary>
    public ClientCertificate? Identify(HttpContext context, X509Certificate2Collection authorities)
    {
        if (Volatile.Read(ref _identity) is not { } known)
        {
            // The first requests of an HTTP/2 connection come at once, and share one certificate object: no two of them build its chain at the same time.
            lock (_reading)
            {
                known = Volatile.Read(ref _identity)
                    ?? Keep(new(context.Connection.ClientCertificate is { } sent ? ClientCertificate.Read(sent, authorities) : null, authorities));
            }
        }

        return CertificateFor(authorities, known);
    }

    /// <summary>The same for a connection that has been identified: what was trusted is not any more if its authority was replaced.</summary>
    public ClientCertificate? CertificateFor(X509Certificate2Collection authorities) =>
        Volatile.Read(ref _identity) is { } known ? CertificateFor(authorities, known) : null;

    private ClientCertificate? CertificateFor(X509Certificate2Collection authorities, Identity known)
    {
        if (ReferenceEquals(known.Authorities, authorities) || known.Certificate is not { } read) return known.Certificate;
        using var certificate = X509CertificateLoader.LoadCertificate(read.Raw.Span);
        return Keep(new(ClientCertificate.Read(certificate, authorities), authorities)).Certificate;
    }

    private Identity Keep(Identity identity)
    {
        Volatile.Write(ref _identity, identity);
        return identity;
    }

    /// <summary>Takes no more requests: GOAWAY in HTTP/2, <c>Connection: close</c> in HTTP/1.1. What is under way ends.</summary>
    public void RequestClose() => _notification?.RequestClose();

    /// <summary>Breaks it off.</summary>
    public void Abort() => _lifetime?.Abort();

    /// <summary>A certificate as the authorities say it is.</summary>
    private sealed record Identity(ClientCertificate? Certificate, X509Certificate2Collection Authorities);
}
