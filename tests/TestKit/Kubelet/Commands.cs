using TestKit.Kubelet.Processes;

namespace TestKit.Kubelet;

/// <summary>What exec and attach do in a container.</summary>
internal sealed class Commands(TestContainer container, CommandOptions options)
{
    /// <summary>Runs a command until it ends or the client has gone. In the second case it is killed, with all that it started.</summary>
    public async Task ExecAsync(KubeletSession session, CommandChannels client)
    {
        TerminalSize? size = options.Tty ? new(80, 24) : null;
        using var process = await container.RunAsync(options.Command, size);
        session.Runs(process.Id);
        var input = TypeAsync(client, process.Input, process.CloseInput);
        var sizes = ResizeAsync(client, process.Resize);
        var output = Task.WhenAll(
            process.Output.CopyAsync(data => client.WriteOutputAsync(data)),
            process.Error?.CopyAsync(data => client.WriteErrorAsync(data)) ?? Task.CompletedTask);
        await Task.WhenAny(process.Exit, client.Closed);
        process.Kill();
        var code = await process.Exit;
        await output;
        await client.FinishAsync(code);
    }

    /// <summary>Connects the client with the main process until that ends or the client has gone. The process goes on.</summary>
    public async Task AttachAsync(KubeletSession session, CommandChannels client)
    {
        if (container.Main is not { } main)
        {
            await client.FailAsync($"container {container.Spec.Name} has no process to attach to");
            return;
        }

        main.Attach(client);
        session.Runs(main.Id);
        var input = TypeAsync(client, main.Input, () => { });
        var sizes = ResizeAsync(client, main.Resize);
        await Task.WhenAny(main.Exit, client.Closed);
        main.Detach(client);
        if (main.Exit.IsCompleted) await client.FinishAsync(await main.Exit);
    }

    private static async Task TypeAsync(CommandChannels client, Stream keyboard, Action end)
    {
        if (client.Input is { } input) await input.CopyAsync(keyboard);
        end();
    }

    private static async Task ResizeAsync(CommandChannels client, Action<TerminalSize> resize)
    {
        await foreach (var size in client.Sizes.ReadAllAsync()) resize(size);
    }
}
