// What a test needs from its machine. On a laptop a test without it is skipped, with the reason; in CI that is a failure.
import { execFileSync } from "node:child_process";

export interface Needs {
  /** The test makes namespaces, mounts, cgroups or packet rules. */
  readonly root?: boolean;
  /** Programs by name, each with the Debian package that brings it. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Modules of the system's Python, each with the Debian package that brings it. */
  readonly pythonModules?: Readonly<Record<string, string>>;
}

/**
 * Why the test cannot run here, or undefined when it can: `test.skipIf(missing(...))`, with the reason in the title.
 * @throws in CI, where everything must run.
 */
export function missing(needs: Needs): string | undefined {
  const reasons: string[] = [];
  if (needs.root && process.getuid?.() !== 0) reasons.push("needs root");
  for (const [program, debianPackage] of Object.entries(needs.programs ?? {})) {
    if (!isInstalled(program)) reasons.push(`needs ${program} (apt-get install ${debianPackage})`);
  }
  for (const [module, debianPackage] of Object.entries(needs.pythonModules ?? {})) {
    if (!runs("/usr/bin/python3", "-c", `import ${module}`)) {
      reasons.push(`needs Python's ${module} (apt-get install ${debianPackage})`);
    }
  }
  if (reasons.length === 0) return undefined;
  const reason = reasons.join(", ");
  if (process.env.CI === "true") throw new Error(`a test cannot run in CI: ${reason}`);
  return reason;
}

function isInstalled(program: string): boolean {
  return runs("sh", "-c", `command -v "$1"`, "sh", program);
}

function runs(program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false; // it says no by its exit code
  }
}
