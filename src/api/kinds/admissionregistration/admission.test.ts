import { describe, expect, it } from "vitest";
import { errorMessage, type KubeObject } from "../../meta/index.ts";
import type { MutatingAdmissionPolicy, ValidatingWebhook, ValidatingWebhookConfiguration } from "../../types/index.ts";
import type { KindStrategy } from "../generic.ts";
import { admissionregistrationStrategies } from "./index.ts";

function strategyOf(resource: string): KindStrategy {
  const strategy = admissionregistrationStrategies[resource];
  if (!strategy) throw new Error(`no strategy for ${resource}`);
  return strategy;
}

function problems(strategy: KindStrategy, draft: KubeObject, old?: KubeObject): string[] {
  strategy.applyDefaults?.(draft);
  if (old) strategy.applyDefaults?.(old);
  const errors = old ? strategy.validateUpdate?.(draft, old) : strategy.validate?.(draft);
  return (errors ?? []).map(errorMessage);
}

const rule = { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] };

function configuration(...changes: Partial<ValidatingWebhook>[]): ValidatingWebhookConfiguration {
  const webhooks = changes.map((change) => ({
    name: "a.example.org",
    clientConfig: { url: "https://example.org/check" },
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    rules: [{ ...rule }],
    ...change,
  }));
  const meta = { apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration" } as const;
  return { ...meta, metadata: { name: "hooks" }, webhooks };
}

describe("webhook configurations", () => {
  const strategy = strategyOf("validatingwebhookconfigurations");

  it("reach their webhooks by https", () => {
    expect(problems(strategy, configuration({ clientConfig: { url: "http://u:p@example.org/?q=1#f" } }))).toEqual([
      "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
      'webhooks[0].clientConfig.url: Invalid value: "u:p": user information is not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "f": fragments are not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "q=1": query parameters are not permitted in the URL',
    ]);
  });

  it("have stars for themselves", () => {
    const rules = [{ ...rule, operations: ["*", "CREATE"], resources: ["pods/*", "pods/log"] }];
    expect(problems(strategy, configuration({ rules }))).toEqual([
      'webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if \'*\' is present, must not specify other operations',
      "webhooks[0].rules[0].resources[1]: Invalid value: \"pods/log\": if 'pods/*' is present, must not specify pods/log",
    ]);
  });

  it("may keep what older ones were allowed", () => {
    const sideEffects = "Unknown";
    expect(problems(strategy, configuration({ sideEffects }))).toHaveLength(1);
    expect(problems(strategy, configuration({ sideEffects }), configuration({ sideEffects }))).toEqual([]);
    expect(problems(strategy, configuration({}, {}))).toEqual(['webhooks[1].name: Duplicate value: "a.example.org"']);
    expect(problems(strategy, configuration({}, {}), configuration({}, {}))).toEqual([]);
  });
});

describe("mutating admission policies", () => {
  const strategy = strategyOf("mutatingadmissionpolicies");

  function policy(operations: string[], mutations: MutatingAdmissionPolicy["spec"]["mutations"]) {
    const spec = {
      matchConstraints: { resourceRules: [{ ...rule, operations }] },
      mutations,
      reinvocationPolicy: "Never",
    };
    const meta = { apiVersion: "admissionregistration.k8s.io/v1", kind: "MutatingAdmissionPolicy" } as const;
    return { ...meta, metadata: { name: "p" }, spec };
  }

  it("change nothing that is deleted", () => {
    const mutations = [{ patchType: "JSONPatch", jsonPatch: { expression: "[JSONPatch{op: 'remove', path: '/a'}]" } }];
    expect(problems(strategy, policy(["CREATE"], mutations))).toEqual([]);
    expect(problems(strategy, policy(["DELETE"], mutations))).toEqual([
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    ]);
  });

  it("say how they change in the way that they name", () => {
    const mutations = [{ patchType: "JSONPatch", applyConfiguration: { expression: "Object{}" } }];
    expect(problems(strategy, policy(["CREATE"], mutations))).toEqual([
      'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
      "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
    ]);
  });
});
