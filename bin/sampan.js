#!/usr/bin/env node
// Starts the command line; written so that an old Node.js can still read it and say what is missing.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `sampan: Node.js 22.19 or newer is needed, this is ${process.versions.node}; inside the repository use 'npx sampan'\n`,
  );
  process.exit(1);
}
const { enableCompileCache } = await import("node:module");
enableCompileCache();
try {
  await import("../dist/bin/sampan.js");
} catch (error) {
  if (error?.code !== "ERR_MODULE_NOT_FOUND" || !String(error.url ?? error.message).includes("dist/bin/sampan.js"))
    throw error;
  process.stderr.write("sampan: not built yet; run 'npm run build' first\n");
  process.exit(1);
}
