import { type FieldError, fieldError, type KubeObject, root } from "../../api/meta/index.ts";
import { AdmissionConfigError } from "./config-error.ts";
import type { Level } from "./pod-security-checks.ts";

/** `minor` of the version that is pinned; undefined follows the newest. */
export interface LevelVersion {
  readonly level: Level;
  readonly minor: number | undefined;
}

export type Mode = "enforce" | "audit" | "warn";
export type Policy = Readonly<Record<Mode, LevelVersion>>;

export interface Exemptions {
  readonly usernames: readonly string[];
  readonly runtimeClasses: readonly string[];
  readonly namespaces: readonly string[];
}

const prefix = "pod-security.kubernetes.io/";
const modes: readonly Mode[] = ["enforce", "audit", "warn"];
const levels: readonly Level[] = ["privileged", "baseline", "restricted"];
const versionPattern = /^v1\.([0-9]|[1-9][0-9]*)$/;

export function policyText({ level, minor }: LevelVersion): string {
  return `${level}:${minor === undefined ? "latest" : `v1.${minor}`}`;
}

/** Stricter levels are larger. */
export function strictness(level: Level): number {
  return levels.indexOf(level);
}

/** What the namespace's labels say, and what is wrong with them. What is misspelt does not open the door. */
export function policyOf(namespace: KubeObject | undefined, defaults: Policy): { policy: Policy; wrong: FieldError[] } {
  const labels = namespace?.metadata.labels;
  if (labels === undefined) return { policy: defaults, wrong: [] };
  const wrong: FieldError[] = [];
  const read = (mode: Mode): LevelVersion => {
    let { level, minor } = defaults[mode];
    const levelText = labels[prefix + mode];
    if (levelText !== undefined) {
      level = levels.find((one) => one === levelText) ?? (mode === "enforce" ? "restricted" : "privileged");
      if (level !== levelText) wrong.push(invalid(prefix + mode, levelText, `must be one of ${levels.join(", ")}`));
    }
    const versionText = labels[`${prefix}${mode}-version`];
    if (versionText !== undefined) {
      minor = minorOf(versionText);
      if (minor === undefined && versionText !== "latest")
        wrong.push(invalid(`${prefix}${mode}-version`, versionText, 'must be "latest" or "v1.x"'));
    }
    return { level, minor };
  };
  return { policy: { enforce: read("enforce"), audit: read("audit"), warn: read("warn") }, wrong };
}

function minorOf(text: string): number | undefined {
  const found = versionPattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function invalid(label: string, value: string, why: string): FieldError {
  return fieldError.invalid(root("metadata").child("labels").key(label), value, why);
}

/** Reads a PodSecurityConfiguration. @throws AdmissionConfigError */
export function readPodSecurityConfiguration(configuration: unknown): { defaults: Policy; exemptions: Exemptions } {
  const { defaults = {}, exemptions = {} } = (configuration ?? {}) as {
    defaults?: Record<string, string>;
    exemptions?: Partial<Exemptions>;
  };
  const entries = modes.map((mode) => {
    const level = levels.find((one) => one === (defaults[mode] || "privileged"));
    const versionText = defaults[`${mode}-version`] || "latest";
    const minor = minorOf(versionText);
    if (level === undefined)
      throw new AdmissionConfigError(`PodSecurity: defaults.${mode}: must be one of ${levels.join(", ")}`);
    if (minor === undefined && versionText !== "latest")
      throw new AdmissionConfigError(`PodSecurity: defaults.${mode}-version: must be "latest" or "v1.x"`);
    return [mode, { level, minor }] as const;
  });
  const { usernames = [], runtimeClasses = [], namespaces = [] } = exemptions;
  return { defaults: Object.fromEntries(entries) as Policy, exemptions: { usernames, runtimeClasses, namespaces } };
}
