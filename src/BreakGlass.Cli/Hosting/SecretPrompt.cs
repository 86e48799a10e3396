namespace BreakGlass.Cli.Hosting;

/// <summary>Reads a secret from the terminal without showing it.</summary>
internal static class SecretPrompt
{
    /// <summary>Asks on standard error, so that standard output can be redirected.</summary>
    /// <exception cref="CliException">The person gave up.</exception>
    public static string Read(string prompt)
    {
        Console.Error.Write(prompt);

        // Otherwise Ctrl-C would only be noted, and the read would go on.
        Console.TreatControlCAsInput = true;
        try
        {
            var text = new StringBuilder();
            while (true)
            {
                var key = Console.ReadKey(intercept: true);
                if (key is { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control })
                    throw new CliException(ExitCodes.Interrupted, "no passphrase was given.");
                if (key.Key is ConsoleKey.Enter) return text.ToString();
                if (key.Key is ConsoleKey.Backspace) text.Length = Math.Max(0, text.Length - 1);
                else if (!char.IsControl(key.KeyChar)) text.Append(key.KeyChar);
            }
        }
        finally
        {
            Console.TreatControlCAsInput = false;
            Console.Error.WriteLine();
        }
    }
}
