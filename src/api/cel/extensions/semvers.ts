import type { Environment } from "../library.ts";
import { type Register, registerClass } from "./register.ts";

/** A version after the rules of semantic versioning. */
class SemverValue {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];

  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    this.numbers = numbers;
    this.pre = pre;
  }
}

const type = "kubernetes.Semver";
const form =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;

export function registerSemvers(environment: Environment, register: Register): void {
  registerClass(environment, type, SemverValue);
  register("isSemver(string): bool", (text: string) => parse(text) !== undefined);
  register(
    "isSemver(string, bool): bool",
    (text: string, loose: boolean) => parse(loosened(text, loose)) !== undefined,
  );
  register(`semver(string): ${type}`, toSemver);
  register(`semver(string, bool): ${type}`, (text: string, loose: boolean) => toSemver(loosened(text, loose)));
  for (const [i, name] of ["major", "minor", "patch"].entries()) {
    register(`${type}.${name}(): int`, ({ numbers }: SemverValue) => numbers[i]);
  }
  register(`${type}.compareTo(${type}): int`, (a: SemverValue, b: SemverValue) => BigInt(compare(a, b)));
  register(`${type}.isLessThan(${type}): bool`, (a: SemverValue, b: SemverValue) => compare(a, b) < 0);
  register(`${type}.isGreaterThan(${type}): bool`, (a: SemverValue, b: SemverValue) => compare(a, b) > 0);
  environment.registerOperator(`${type} == ${type}`, (a: SemverValue, b: SemverValue) => compare(a, b) === 0);
}

function toSemver(text: string): SemverValue {
  const found = parse(text);
  if (found === undefined) throw new Error(`No Major.Minor.Patch elements found`);
  return found;
}

function parse(text: string): SemverValue | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, major = "0", minor = "0", patch = "0", pre] = match;
  return new SemverValue([BigInt(major), BigInt(minor), BigInt(patch)], pre === undefined ? [] : pre.split("."));
}

/** Without a leading v and leading zeros, and with all three numbers. */
function loosened(text: string, loose: boolean): string {
  if (!loose) return text;
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(.*)$/.exec(text.trim());
  if (match === null) return text;
  const [, major = "0", minor = "0", patch = "0", rest = ""] = match;
  return `${Number(major)}.${Number(minor)}.${Number(patch)}${rest}`;
}

function compare(a: SemverValue, b: SemverValue): number {
  for (const [i, left] of a.numbers.entries()) {
    const right = b.numbers[i] ?? 0n;
    if (left !== right) return left < right ? -1 : 1;
  }
  if (a.pre.length === 0 || b.pre.length === 0)
    return b.pre.length - a.pre.length === 0 ? 0 : a.pre.length === 0 ? 1 : -1;
  for (const [i, left] of a.pre.entries()) {
    const right = b.pre[i];
    if (right === undefined) return 1;
    const order = compareIdentifiers(left, right);
    if (order !== 0) return order;
  }
  return a.pre.length === b.pre.length ? 0 : -1;
}

/** Numbers come before words. */
function compareIdentifiers(a: string, b: string): number {
  const left = /^\d+$/.test(a);
  const right = /^\d+$/.test(b);
  if (left && right) return Math.sign(Number(a) - Number(b));
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
