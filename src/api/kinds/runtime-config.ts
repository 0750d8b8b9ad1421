import type { ResourceKind } from "./kind.ts";

/** A value of --runtime-config that says nothing that is known. */
export class RuntimeConfigError extends Error {
  override readonly name = "RuntimeConfigError";
}

/** From the most general to the most special: what comes later wins. */
const stages = ["api/all", "api/ga", "api/beta", "api/alpha"] as const;

/**
 * The kinds that are served under a `--runtime-config`: `KEY=true|false`, separated by commas, where a key is `api/all`,
 * `api/ga`, `api/beta`, `api/alpha`, a group version (`v1`, `apps/v1`) or a resource of one (`apps/v1/deployments`). The
 * special wins over the general. What is not named is served if it is stable, and not if it is beta or alpha, as the
 * original has it since v1.24 (KEP-3136). @throws RuntimeConfigError
 */
export function servedKinds(kinds: readonly ResourceKind[], runtimeConfig = ""): ResourceKind[] {
  const settings = readSettings(runtimeConfig);
  for (const key of settings.keys()) checkKey(key, kinds);
  return kinds.filter((kind) => {
    const groupVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    const stage = stageOf(kind.version);
    const keys = ["api/all", stage, groupVersion, `${groupVersion}/${kind.resource}`];
    return keys.reduce((served, key) => settings.get(key) ?? served, stage === "api/ga");
  });
}

function readSettings(text: string): Map<string, boolean> {
  const settings = new Map<string, boolean>();
  for (const part of text.split(",").filter((one) => one.trim() !== "")) {
    const [key = "", value = "true", ...rest] = part.trim().split("=");
    if (rest.length > 0 || !/^(true|false|1|0)?$/.test(value)) {
      throw new RuntimeConfigError(`runtime-config invalid value ${part.trim()}: want KEY=true or KEY=false`);
    }
    settings.set(key, value !== "false" && value !== "0");
  }
  return settings;
}

function checkKey(key: string, kinds: readonly ResourceKind[]): void {
  if (stages.some((stage) => stage === key)) return;
  const known = kinds.some(({ group, version, resource }) => {
    const groupVersion = group === "" ? version : `${group}/${version}`;
    return key === groupVersion || key === `${groupVersion}/${resource}`;
  });
  if (!known) throw new RuntimeConfigError(`unknown api groups or versions in runtime-config: ${key}`);
}

function stageOf(version: string): (typeof stages)[number] {
  if (version.includes("alpha")) return "api/alpha";
  return version.includes("beta") ? "api/beta" : "api/ga";
}
