// Adds to package-lock.json the platform packages that a partial npm mirror does not offer, so that `npm ci`
// accepts the lock file everywhere: name, version and platform are facts of their parent's manifest.
// usage, after `npm install` against such a mirror: node scripts/complete-lock.mjs
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));

const systems = ["android", "darwin", "freebsd", "linux", "openharmony", "openbsd", "netbsd", "sunos", "aix", "win32"];
const processors = ["arm64", "x64", "arm", "ia32", "ppc64", "s390x", "riscv64", "loong64", "mips64el", "wasm32"];

/** The os, cpu and libc that a platform package's name states (`@scope/binding-linux-arm64-musl`). */
function platform(name) {
  const words = name.split("/").at(-1).split("-");
  const os = systems.find((s) => words.includes(s));
  const cpu = processors.find((p) => words.includes(p)) ?? (words.includes("loong64") ? "loong64" : undefined);
  const libc = words.some((w) => w.startsWith("musl"))
    ? "musl"
    : words.some((w) => w.startsWith("gnu") || w === "glibc")
      ? "glibc"
      : undefined;
  return { ...(cpu && { cpu: [cpu] }), ...(os && { os: [os] }), ...(libc && os === "linux" && { libc: [libc] }) };
}

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const at = `node_modules/${name}`;
    if (!/^\d/.test(version)) continue; // a range: npm resolves it
    if (path === "" || lock.packages[at] || lock.packages[`${path}/node_modules/${name}`]) continue;
    lock.packages[at] = { version, ...(entry.dev && { dev: true }), optional: true, ...platform(name) };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} platform packages added`);
