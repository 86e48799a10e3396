using BreakGlass.CrdGen;

return args switch
{
    ["generate", var root] => Write(root),
    ["check", var root] => Check(root),
    _ => Usage(),
};

static int Write(string root)
{
    var files = GeneratedFiles.All();
    GeneratedFiles.Write(files, root);
    Console.WriteLine($"wrote {files.Count} files below {root}");
    return 0;
}

static int Check(string root)
{
    var stale = GeneratedFiles.Stale(GeneratedFiles.All(), root);
    if (stale.Count == 0) return 0;
    Console.Error.WriteLine("These files are not what the C# types give; run 'make generate' and commit the result:");
    foreach (var file in stale) Console.Error.WriteLine("  " + file);
    return 1;
}

static int Usage()
{
    Console.Error.WriteLine("usage: crdgen generate|check REPOSITORY_ROOT");
    return 2;
}
