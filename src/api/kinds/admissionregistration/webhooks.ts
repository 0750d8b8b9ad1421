import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1035Label, isDNS1123Subdomain, root } from "../../meta/index.ts";
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "../../types/index.ts";
import { checkSupported, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkLabelSelector } from "../label-selector.ts";
import { ageColumn, ageOf, integer, nameColumn, nameOf } from "../table/cells.ts";
import { checkClientConfig } from "./client-config.ts";
import { checkMatchConditions } from "./expressions.ts";
import { checkRule, defaultRules } from "./rules.ts";

const timeoutDefault = 10;
const timeoutMax = 30;
const knownReviewVersions = ["v1", "v1beta1"];
const webhooksPath = root("webhooks");

type Configuration = ValidatingWebhookConfiguration | MutatingWebhookConfiguration;
type Webhook = ValidatingWebhook | MutatingWebhook;

export const validatingWebhooksStrategy = webhooksStrategy(false);
export const mutatingWebhooksStrategy = webhooksStrategy(true);

function webhooksStrategy(mutates: boolean): KindStrategy {
  return {
    applyDefaults({ webhooks }: Configuration) {
      for (const webhook of webhooks ?? []) defaultWebhook(webhook, mutates);
    },
    validate: (configuration: Configuration) => checkConfiguration(configuration, undefined),
    validateUpdate: (configuration: Configuration, old: Configuration) => checkConfiguration(configuration, old),
    table: {
      columns: [nameColumn, integer("Webhooks"), ageColumn],
      cells: (configuration: Configuration, now) => [
        nameOf(configuration),
        (configuration.webhooks ?? []).length,
        ageOf(configuration, now),
      ],
    },
  };
}

function defaultWebhook(webhook: Webhook, mutates: boolean): void {
  webhook.failurePolicy ??= "Fail";
  webhook.matchPolicy ??= "Equivalent";
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= timeoutDefault;
  if (mutates) (webhook as MutatingWebhook).reinvocationPolicy ??= "Never";
  const { service } = webhook.clientConfig;
  if (service) service.port ??= 443;
  defaultRules(webhook.rules);
}

function checkConfiguration({ webhooks }: Configuration, old: Configuration | undefined): FieldError[] {
  const out: FieldError[] = [];
  const wereRecognized = (old?.webhooks ?? []).every((webhook) => hasKnownVersion(webhook.admissionReviewVersions));
  const wereUnique = new Set((old?.webhooks ?? []).map(({ name }) => name)).size === (old?.webhooks ?? []).length;
  const names = new Set<string>();
  for (const [i, webhook] of (webhooks ?? []).entries()) {
    const path = webhooksPath.index(i);
    checkWebhook(webhook, path, out);
    checkReviewVersions(webhook.admissionReviewVersions ?? [], wereRecognized, path, out);
    if (wereUnique && names.has(webhook.name)) out.push(fieldError.duplicate(path.child("name"), webhook.name));
    names.add(webhook.name);
  }
  return out;
}

function hasKnownVersion(versions: readonly string[] | undefined): boolean {
  return (versions ?? []).some((version) => knownReviewVersions.includes(version));
}

function checkReviewVersions(versions: readonly string[], mustKnow: boolean, path: FieldPath, out: FieldError[]): void {
  const at = path.child("admissionReviewVersions");
  const known = knownReviewVersions.join(", ");
  if (versions.length === 0) {
    out.push(fieldError.required(at, `must specify one of ${known}`));
    return;
  }
  const seen = new Set<string>();
  for (const [i, version] of versions.entries()) {
    if (seen.has(version)) out.push(fieldError.invalid(at.index(i), version, "duplicate version"));
    seen.add(version);
    checkWith(isDNS1035Label(version), version, at.index(i), out);
  }
  if (mustKnow && !hasKnownVersion(versions)) {
    out.push(fieldError.invalid(at, versions, `must include at least one of ${known}`));
  }
}

function checkWebhook(webhook: Webhook, path: FieldPath, out: FieldError[]): void {
  checkName(webhook.name, path.child("name"), out);
  for (const [i, rule] of (webhook.rules ?? []).entries()) checkRule(rule, path.child("rules").index(i), out);
  checkSupported(webhook.failurePolicy, ["Fail", "Ignore"], path.child("failurePolicy"), out);
  checkSupported(webhook.matchPolicy, ["Equivalent", "Exact"], path.child("matchPolicy"), out);
  checkSideEffects(webhook.sideEffects, path.child("sideEffects"), out);
  const seconds = webhook.timeoutSeconds;
  if (seconds !== undefined && (seconds < 1 || seconds > timeoutMax)) {
    const detail = `the timeout value must be between 1 and ${timeoutMax} seconds`;
    out.push(fieldError.invalid(path.child("timeoutSeconds"), seconds, detail));
  }
  checkLabelSelector(webhook.namespaceSelector, path.child("namespaceSelector"), out);
  checkLabelSelector(webhook.objectSelector, path.child("objectSelector"), out);
  if ("reinvocationPolicy" in webhook && webhook.reinvocationPolicy !== undefined) {
    checkSupported(webhook.reinvocationPolicy, ["IfNeeded", "Never"], path.child("reinvocationPolicy"), out);
  }
  checkClientConfig(webhook.clientConfig ?? {}, path.child("clientConfig"), out);
  checkMatchConditions(webhook.matchConditions, path.child("matchConditions"), out);
}

function checkName(name: string, path: FieldPath, out: FieldError[]): void {
  if (!name) {
    out.push(fieldError.required(path, ""));
    return;
  }
  const problems = isDNS1123Subdomain(name);
  checkWith(problems, name, path, out);
  if (problems.length === 0 && name.split(".").length < 3) {
    const detail = "should be a domain with at least three segments separated by dots";
    out.push(fieldError.invalid(path, name, detail));
  }
}

function checkSideEffects(sideEffects: string | undefined, path: FieldPath, out: FieldError[]): void {
  const supported = ["None", "NoneOnDryRun"];
  if (!sideEffects) out.push(fieldError.required(path, `must specify one of ${supported.join(", ")}`));
  else checkSupported(sideEffects, supported, path, out);
}
