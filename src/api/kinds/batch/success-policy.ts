import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { JobSpec, SuccessPolicy, SuccessPolicyRule } from "../../types/index.ts";
import { checkNonNegative } from "../field-checks.ts";
import { goValue } from "../go-value.ts";

const rulesMax = 20;
const indexesLengthMax = 64 * 1024;

export function checkSuccessPolicy(spec: JobSpec, policy: SuccessPolicy, path: FieldPath, out: FieldError[]): void {
  if (spec.completionMode !== "Indexed") {
    const shown = goValue(policy, "io.k8s.api.batch.v1.SuccessPolicy");
    out.push(fieldError.invalid(path, shown, "requires indexed completion mode"));
    return;
  }
  const rules = policy.rules ?? [];
  const rulesPath = path.child("rules");
  if (rules.length === 0) {
    out.push(fieldError.required(rulesPath, "at least one rules must be specified when successPolicy is specified"));
  }
  if (rules.length > rulesMax) out.push(fieldError.tooMany(rulesPath, rules.length, rulesMax));
  for (const [i, rule] of rules.entries()) checkRule(spec, rule, rulesPath.index(i), out);
}

function checkRule(spec: JobSpec, rule: SuccessPolicyRule, path: FieldPath, out: FieldError[]): void {
  const { succeededCount, succeededIndexes } = rule;
  if (succeededCount === undefined && succeededIndexes === undefined) {
    out.push(fieldError.required(path, "at least one of succeededCount or succeededIndexes must be specified"));
  }
  let total = 0;
  if (succeededIndexes !== undefined) {
    const at = path.child("succeededIndexes");
    if (succeededIndexes.length > indexesLengthMax) out.push(fieldError.tooLong(at, "", indexesLengthMax));
    const counted = countIndexes(succeededIndexes, spec.completions ?? 0);
    if (typeof counted === "number") total = counted;
    else out.push(fieldError.invalid(at, succeededIndexes, `error parsing succeededIndexes: ${counted}`));
  }
  if (succeededCount === undefined) return;
  const at = path.child("succeededCount");
  checkNonNegative(succeededCount, at, out);
  if (spec.completions !== undefined && succeededCount > spec.completions) {
    const detail = `must be less than or equal to ${spec.completions} (the number of specified completions)`;
    out.push(fieldError.invalid(at, succeededCount, detail));
  }
  if (total > 0 && succeededCount > total) {
    const field = "(the number of indexes in the specified succeededIndexes field)";
    out.push(fieldError.invalid(at, succeededCount, `must be less than or equal to ${total} ${field}`));
  }
}

/** How many indexes a text such as `1,3-5` names, or what is wrong with it. */
export function countIndexes(text: string, completions: number): number | string {
  if (text === "") return 0;
  let total = 0;
  let last: number | undefined;
  for (const part of text.split(",")) {
    const ends = part.split("-");
    const [first = Number.NaN, end = first] = ends.map(Number);
    if (ends.length > 2)
      return `the fragment "${part}" violates the requirement that an index interval can have at most two parts separated by '-'`;
    if (!ends.every((index) => /^\d+$/.test(index)))
      return `cannot convert string to integer for index: "${ends.find((index) => !/^\d+$/.test(index))}"`;
    if (end >= completions) return `too large index: "${ends.at(-1)}"`;
    if (last !== undefined && first <= last) return `non-increasing order, previous: ${last}, current: ${first}`;
    if (ends.length === 2 && end <= first) return `non-increasing order, previous: ${first}, current: ${end}`;
    total += end - first + 1;
    last = end;
  }
  return total;
}
