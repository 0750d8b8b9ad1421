import type { FieldError } from "../../meta/index.ts";
import { fieldError, isQualifiedName, isValidLabelValue, root } from "../../meta/index.ts";
import type { resourceV1alpha3 } from "../../types/index.ts";
import { checkDNSLabel, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkDriverName, checkPoolName } from "./names.ts";

const selectorPath = root("spec", "deviceSelector");
const taintPath = root("spec", "taint");

type Rule = resourceV1alpha3.DeviceTaintRule;

export const deviceTaintRuleStrategy: KindStrategy = {
  prepareForCreate({ metadata, spec }: Rule) {
    spec.taint.timeAdded ??= metadata.creationTimestamp ?? undefined;
  },
  validate: (rule: Rule) => checkRule(rule),
  validateUpdate: (rule: Rule) => checkRule(rule),
};

function checkRule({ spec }: Rule): FieldError[] {
  const out: FieldError[] = [];
  const { driver, pool, device } = spec.deviceSelector ?? {};
  if (driver !== undefined) checkDriverName(driver, selectorPath.child("driver"), out);
  if (pool !== undefined) checkPoolName(pool, selectorPath.child("pool"), out);
  if (device !== undefined) checkDNSLabel(device, selectorPath.child("device"), out);
  const { key, value, effect } = spec.taint;
  checkWith(isQualifiedName(key ?? ""), key ?? "", taintPath.child("key"), out);
  if (value) checkWith(isValidLabelValue(value), value, taintPath.child("value"), out);
  const effects = ["NoExecute", "NoSchedule", "None"];
  if (!effect) out.push(fieldError.required(taintPath.child("effect"), ""));
  else if (!effects.includes(effect)) out.push(fieldError.notSupported(taintPath.child("effect"), effect, effects));
  return out;
}
