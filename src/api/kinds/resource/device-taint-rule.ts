import type { FieldError } from "../../meta/index.ts";
import { fieldError, formatTime, root } from "../../meta/index.ts";
import type { resourceV1alpha3 } from "../../types/index.ts";
import { checkConditions } from "../condition-checks.ts";
import { checkDNSLabel } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { restoreMetadata } from "../status-metadata.ts";
import { checkDriverName } from "../storage/driver-name.ts";
import { limits } from "./limits.ts";
import { checkPoolName } from "./names.ts";
import { checkTaint } from "./parts.ts";

type Rule = resourceV1alpha3.DeviceTaintRule;

const selectorPath = root("spec", "deviceSelector");

export const deviceTaintRuleStrategy: KindStrategy = {
  prepareForCreate({ metadata, spec }: Rule) {
    if (spec.taint) spec.taint.timeAdded ??= metadata.creationTimestamp ?? undefined;
  },
  prepareForUpdate({ spec }: Rule, old: Rule, now) {
    if (spec.taint?.effect === old.spec.taint.effect) spec.taint.timeAdded ??= old.spec.taint.timeAdded;
    else if (spec.taint && now !== undefined) spec.taint.timeAdded ??= formatTime(now);
  },
  validate: (rule: Rule) => checkRule(rule),
  validateUpdate: (rule: Rule, old: Rule) => checkRule(rule, old),
  updates: { status: { prepareForUpdate: restoreMetadata, validateUpdate: (rule: Rule) => checkStatus(rule) } },
  statusResetFields: [["metadata"]],
};

function checkRule({ spec }: Rule, old?: Rule): FieldError[] {
  const out: FieldError[] = [];
  const { driver, pool, device } = spec.deviceSelector ?? {};
  if (driver !== undefined) checkDriverName(driver, selectorPath.child("driver"), out);
  if (pool !== undefined) checkPoolName(pool, selectorPath.child("pool"), out);
  if (device !== undefined) checkDNSLabel(device, selectorPath.child("device"), out);
  checkTaint(spec.taint ?? { key: "", effect: "" }, old?.spec.taint, root("spec", "taint"), out);
  return out;
}

function checkStatus({ status }: Rule): FieldError[] {
  const out: FieldError[] = [];
  const path = root("status", "conditions");
  const conditions = status?.conditions ?? [];
  checkConditions(conditions, path, out);
  if (conditions.length > limits.ruleConditions) {
    out.push(fieldError.tooMany(path, conditions.length, limits.ruleConditions));
  }
  return out;
}
