using System.Runtime.Versioning;

// Files that only their owner can read are a thing of Unix.
[assembly: UnsupportedOSPlatform("windows")]
