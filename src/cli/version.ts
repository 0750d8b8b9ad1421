import { readFileSync } from "node:fs";

/** The Kubernetes API version that the server announces. */
export const kubernetesVersion = "v1.36.2+sampan";

/** This package's version, from the package.json above the running file (src/cli, dist/lib/cli or dist/bin). */
export function sampanVersion(): string {
  for (const up of ["../package.json", "../../package.json", "../../../package.json"]) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), "utf8"));
      if (typeof manifest === "object" && manifest !== null && "name" in manifest && manifest.name === "sampan") {
        return "version" in manifest ? String(manifest.version) : "unknown";
      }
    } catch {
      // Not at this depth; the next one is tried.
    }
  }
  return "unknown";
}
