import type { FieldError, FieldPath, KubeObject, LabelSelector } from "../../meta/index.ts";
import { deepEqual, fieldError, isDNS1035Label, isDNS1123Subdomain, root } from "../../meta/index.ts";
import type {
  admissionregistrationV1,
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from "../../types/index.ts";
import { checkSupported, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import type { TableStrategy } from "../kind.ts";
import { checkLabelSelector } from "../label-selector.ts";
import { ageColumn, ageOf, integer, nameColumn, nameOf } from "../table/cells.ts";
import { checkClientConfig, defaultClientConfig } from "./client-config.ts";
import { checkMatchConditions } from "./match-conditions.ts";
import { checkRule, defaultRules } from "./rules.ts";

type Webhook = admissionregistrationV1.ValidatingWebhook & Partial<admissionregistrationV1.MutatingWebhook>;
type Configuration = KubeObject & { webhooks?: Webhook[] };

const timeoutDefault = 10;
const timeoutMax = 30;
const reviewVersions = ["v1", "v1beta1"];
const noSideEffects = ["None", "NoneOnDryRun"];
const allSideEffects = ["None", "NoneOnDryRun", "Some", "Unknown"];
const webhooksPath = root("webhooks");

/** What older objects were allowed to be, updates of them still are. */
interface Strictness {
  readonly sideEffects: readonly string[];
  readonly requiresKnownVersion: boolean;
  readonly requiresUniqueNames: boolean;
  readonly allowsInvalidValues: boolean;
  readonly ignoresMatchConditions: boolean;
}

const strict: Strictness = {
  sideEffects: noSideEffects,
  requiresKnownVersion: true,
  requiresUniqueNames: true,
  allowsInvalidValues: false,
  ignoresMatchConditions: false,
};

const table: TableStrategy = {
  columns: [nameColumn, integer("Webhooks"), ageColumn],
  cells: (configuration: Configuration, now) => [
    nameOf(configuration),
    configuration.webhooks?.length ?? 0,
    ageOf(configuration, now),
  ],
};

export const validatingWebhookStrategy: KindStrategy = {
  applyDefaults(configuration: ValidatingWebhookConfiguration) {
    for (const webhook of configuration.webhooks ?? []) applyDefaults(webhook);
  },
  validate: (configuration: Configuration) => checkConfiguration(configuration, strict),
  validateUpdate: (configuration: Configuration, old: Configuration) =>
    checkConfiguration(configuration, strictnessAfter(configuration, old)),
  table,
};

export const mutatingWebhookStrategy: KindStrategy = {
  ...validatingWebhookStrategy,
  applyDefaults(configuration: MutatingWebhookConfiguration) {
    for (const webhook of configuration.webhooks ?? []) {
      applyDefaults(webhook);
      webhook.reinvocationPolicy ??= "Never";
    }
  },
};

function applyDefaults(webhook: Webhook): void {
  webhook.failurePolicy ??= "Fail";
  webhook.matchPolicy ??= "Equivalent";
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= timeoutDefault;
  defaultClientConfig(webhook.clientConfig);
  defaultRules(webhook.rules);
}

function strictnessAfter({ webhooks = [] }: Configuration, { webhooks: old = [] }: Configuration): Strictness {
  const names = old.map(({ name }) => name);
  const selectors = old.flatMap(({ namespaceSelector, objectSelector }) => [namespaceSelector, objectSelector]);
  const isUnchanged = (webhook: Webhook, i: number) => deepEqual(webhook.matchConditions, webhooks[i]?.matchConditions);
  return {
    sideEffects: old.every(({ sideEffects }) => noSideEffects.includes(sideEffects)) ? noSideEffects : allSideEffects,
    requiresKnownVersion: old.every(({ admissionReviewVersions: versions }) => !versions?.length || hasKnown(versions)),
    requiresUniqueNames: new Set(names).size === names.length,
    allowsInvalidValues: selectors.some((selector) => !isValidSelector(selector)),
    ignoresMatchConditions: old.length === webhooks.length && old.every(isUnchanged),
  };
}

function isValidSelector(selector: LabelSelector | undefined): boolean {
  const out: FieldError[] = [];
  checkLabelSelector(selector, webhooksPath, out);
  return out.length === 0;
}

function hasKnown(versions: readonly string[]): boolean {
  return versions.some((version) => reviewVersions.includes(version));
}

function checkConfiguration({ webhooks }: Configuration, strictness: Strictness): FieldError[] {
  const out: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, webhook] of (webhooks ?? []).entries()) {
    const path = webhooksPath.index(i);
    checkWebhook(webhook, path, strictness, out);
    const versionsPath = path.child("admissionReviewVersions");
    checkReviewVersions(webhook.admissionReviewVersions ?? [], versionsPath, strictness, out);
    const { name } = webhook;
    if (strictness.requiresUniqueNames && name && names.has(name)) {
      out.push(fieldError.duplicate(path.child("name"), name));
    }
    names.add(name);
  }
  return out;
}

function checkWebhook(webhook: Webhook, path: FieldPath, strictness: Strictness, out: FieldError[]): void {
  checkFullyQualifiedName(webhook.name ?? "", path.child("name"), out);
  for (const [i, rule] of (webhook.rules ?? []).entries()) checkRule(rule, path.child("rules").index(i), out);
  const { failurePolicy, matchPolicy, sideEffects, timeoutSeconds, reinvocationPolicy } = webhook;
  if (failurePolicy !== undefined) {
    checkSupported(failurePolicy, ["Fail", "Ignore"], path.child("failurePolicy"), out);
  }
  if (matchPolicy !== undefined) checkSupported(matchPolicy, ["Equivalent", "Exact"], path.child("matchPolicy"), out);
  checkSideEffects(sideEffects, path.child("sideEffects"), strictness, out);
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > timeoutMax)) {
    const detail = `the timeout value must be between 1 and ${timeoutMax} seconds`;
    out.push(fieldError.invalid(path.child("timeoutSeconds"), timeoutSeconds, detail));
  }
  const rules = { allowInvalidValues: strictness.allowsInvalidValues };
  checkLabelSelector(webhook.namespaceSelector, path.child("namespaceSelector"), out, rules);
  checkLabelSelector(webhook.objectSelector, path.child("objectSelector"), out, rules);
  if (reinvocationPolicy !== undefined) {
    checkSupported(reinvocationPolicy, ["IfNeeded", "Never"], path.child("reinvocationPolicy"), out);
  }
  checkClientConfig(webhook.clientConfig, path.child("clientConfig"), out);
  if (!strictness.ignoresMatchConditions) {
    checkMatchConditions(webhook.matchConditions, path.child("matchConditions"), out);
  }
}

/** A domain of three segments or more. */
function checkFullyQualifiedName(name: string, path: FieldPath, out: FieldError[]): void {
  const messages = isDNS1123Subdomain(name);
  if (name === "") out.push(fieldError.required(path, ""));
  else if (messages.length > 0) out.push(fieldError.invalid(path, name, messages.join(",")));
  else if (name.split(".").length < 3) {
    const detail = "should be a domain with at least three segments separated by dots";
    out.push(fieldError.invalid(path, name, detail));
  }
}

function checkSideEffects(value: string | undefined, path: FieldPath, strictness: Strictness, out: FieldError[]): void {
  const { sideEffects } = strictness;
  if (value === undefined) out.push(fieldError.required(path, `must specify one of ${sideEffects.join(", ")}`));
  else checkSupported(value, sideEffects, path, out);
}

function checkReviewVersions(
  versions: readonly string[],
  path: FieldPath,
  strictness: Strictness,
  out: FieldError[],
): void {
  if (versions.length === 0) {
    out.push(fieldError.required(path, `must specify one of ${reviewVersions.join(", ")}`));
    return;
  }
  for (const [i, version] of versions.entries()) {
    if (versions.indexOf(version) < i) out.push(fieldError.invalid(path.index(i), version, "duplicate version"));
    else checkWith(isDNS1035Label(version), version, path.index(i), out);
  }
  if (strictness.requiresKnownVersion && !hasKnown(versions)) {
    out.push(fieldError.invalid(path, versions, `must include at least one of ${reviewVersions.join(", ")}`));
  }
}
