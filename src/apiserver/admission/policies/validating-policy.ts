import { type Activation, CostBudget, expressionLimits, toCel } from "../../../api/cel/index.ts";
import type { KindRegistry, ResourceKind } from "../../../api/kinds/index.ts";
import { ApiError, type KubeObject } from "../../../api/meta/index.ts";
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from "../../../api/types/index.ts";
import type { Store } from "../../../store/index.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import type { AdmissionPlugin, Attributes } from "../admission.ts";
import type { Lookup } from "../lookup.ts";
import { refuse } from "../refusal.ts";
import { type RequestValues, requestValues } from "./activation.ts";
import {
  activationOf,
  type CompiledValidatingPolicy,
  type CompiledValidation,
  compiledValidatingPolicy,
} from "./compiled-validating-policy.ts";
import { conditionsHold, evaluated } from "./conditions.ts";
import { ConfigurationError, collectParams, requireParamKind } from "./parameters.ts";
import { isPolicy, PolicyObjects } from "./policy-objects.ts";
import { matchRequest } from "./request-matching.ts";

type Policy = ValidatingAdmissionPolicy;
type Binding = ValidatingAdmissionPolicyBinding;

const annotationBytesMax = 10 * 1024;

interface Denial {
  readonly policy: string;
  readonly binding?: string;
  readonly message: string;
  readonly reason: string;
}

/** One evaluation: what failed, and what is to be kept in the audit log. */
interface Outcome {
  readonly failures: readonly { readonly index: number; readonly message: string; readonly reason: string }[];
  readonly annotations: ReadonlyMap<string, string>;
  /** Errors of annotations refuse, whatever the binding's actions are. */
  readonly annotationErrors: readonly string[];
}

export interface PolicyPluginOptions {
  readonly store: Store;
  readonly kinds: KindRegistry;
  readonly authorizer: Authorizer;
}

/** Refuses, warns of and notes what ValidatingAdmissionPolicies forbid. */
export function validatingAdmissionPolicy(options: PolicyPluginOptions, lookup: Lookup): AdmissionPlugin {
  const policies = new PolicyObjects<Policy, Binding>(options.store, options.kinds, "validatingadmissionpolicies");
  return {
    name: "ValidatingAdmissionPolicy",
    handles: ({ kind }) => policies.mayHaveAny && !isPolicy(kind),
    async validate(attributes) {
      const review = new Review(options, lookup, attributes);
      for (const { policy, bindings } of await policies.hooks()) await review.policy(policy, bindings);
      review.finish();
    },
  };
}

/** All policies against one request. */
class Review {
  readonly #options: PolicyPluginOptions;
  readonly #lookup: Lookup;
  readonly #attributes: Attributes;
  readonly #values = new Map<ResourceKind, Promise<RequestValues>>();
  readonly #denials: Denial[] = [];

  constructor(options: PolicyPluginOptions, lookup: Lookup, attributes: Attributes) {
    this.#options = options;
    this.#lookup = lookup;
    this.#attributes = attributes;
  }

  async policy(policy: Policy, bindings: readonly Binding[]): Promise<void> {
    const { kinds } = this.#options;
    const matched = await matchRequest(policy.spec.matchConstraints, this.#attributes, kinds, this.#lookup);
    if (matched === undefined) return;
    try {
      requireParamKind(kinds, policy.spec.paramKind);
    } catch (err) {
      this.#misconfigured(err, policy);
      return;
    }
    const annotations = new Map<string, Set<string>>();
    for (const binding of bindings) {
      try {
        await this.#binding(policy, binding, matched, annotations);
      } catch (err) {
        this.#misconfigured(err, policy, binding);
      }
    }
    for (const [key, values] of annotations) {
      this.#attributes.audit?.(`${policy.metadata.name}/${key}`, [...values].join(", "));
    }
  }

  /** @throws ApiError for the first denial */
  finish(): void {
    const denial = this.#denials[0];
    if (denial === undefined) return;
    const { policy, binding, message, reason } = denial;
    const where = binding === undefined ? `'${policy}'` : `'${policy}' with binding '${binding}'`;
    throw denied(this.#attributes, `ValidatingAdmissionPolicy ${where} denied request: ${message}`, reason);
  }

  async #binding(
    policy: Policy,
    binding: Binding,
    matched: ResourceKind,
    annotations: Map<string, Set<string>>,
  ): Promise<void> {
    const { store, kinds } = this.#options;
    const { namespace } = this.#attributes;
    if ((await matchRequest(binding.spec.matchResources, this.#attributes, kinds, this.#lookup)) === undefined) return;
    const params = await collectParams(store, kinds, policy.spec.paramKind, binding.spec.paramRef, namespace);
    const compiled = compiledValidatingPolicy(policy);
    const values = await this.#valuesIn(matched);
    for (const param of params) {
      this.#record(policy, binding, evaluate(policy, compiled, values, param), annotations);
    }
  }

  #valuesIn(matched: ResourceKind): Promise<RequestValues> {
    let values = this.#values.get(matched);
    if (values === undefined) {
      values = requestValues(this.#attributes, matched, this.#options.authorizer, this.#lookup);
      this.#values.set(matched, values);
    }
    return values;
  }

  #record(policy: Policy, binding: Binding, outcome: Outcome, annotations: Map<string, Set<string>>): void {
    const names = { policy: policy.metadata.name ?? "", binding: binding.metadata.name ?? "" };
    for (const failure of outcome.failures) {
      for (const action of binding.spec.validationActions ?? []) this.#act(action, failure, names, binding);
    }
    for (const message of outcome.annotationErrors) this.#denials.push({ ...names, message, reason: "Invalid" });
    for (const [key, value] of outcome.annotations) {
      const known = annotations.get(key);
      if (known === undefined) annotations.set(key, new Set([value]));
      else known.add(value);
    }
  }

  #act(
    action: string,
    { index, message, reason }: Outcome["failures"][number],
    names: { policy: string; binding: string },
    { spec }: Binding,
  ): void {
    if (action === "Deny") this.#denials.push({ ...names, message, reason });
    else if (action === "Warn") {
      const where = `ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}'`;
      this.#attributes.warn(`Validation failed for ${where}: ${message}`);
    } else if (action === "Audit") {
      const { validationActions } = spec;
      const failure = { message, ...names, expressionIndex: index, validationActions };
      this.#attributes.audit?.("validation.policy.admission.k8s.io/validation_failure", JSON.stringify([failure]));
    }
  }

  #misconfigured(err: unknown, policy: Policy, binding?: Binding): void {
    if (!(err instanceof ConfigurationError || err instanceof ApiError)) throw err;
    if (policy.spec.failurePolicy === "Ignore") return;
    this.#denials.push({
      policy: policy.metadata.name ?? "",
      binding: binding?.metadata.name,
      message: `failed to configure ${binding === undefined ? "policy" : "binding"}: ${err.message}`,
      reason: "Invalid",
    });
  }
}

const nothing: Outcome = { failures: [], annotations: new Map(), annotationErrors: [] };

function evaluate(
  { spec }: Policy,
  compiled: CompiledValidatingPolicy,
  values: RequestValues,
  param: KubeObject | null,
): Outcome {
  const ignores = spec.failurePolicy === "Ignore";
  const params = param === null ? null : toCel(param);
  const matches = conditionsHold(compiled.conditions, activationOf(values, params, compiled.variables), ignores);
  if (matches === false) return nothing;
  const invalid = (message: string, index = 0) => ({ index, message, reason: "Invalid" });
  if (matches !== true) return ignores ? nothing : { ...nothing, failures: [invalid(matches.error)] };
  const budget = new CostBudget(expressionLimits.budget);
  const activation = activationOf(values, params, compiled.variables, budget);
  const failures: Outcome["failures"][number][] = [];
  for (const [index, validation] of compiled.validations.entries()) {
    const result = evaluated(validation, activation, budget);
    if ("spent" in result) return ignores ? nothing : { ...nothing, failures: [invalid(result.error)] };
    if ("error" in result) {
      if (!ignores) failures.push(invalid(result.error, index));
    } else if (result.value !== true) {
      failures.push({ index, message: messageOf(validation, activation, budget), reason: validation.reason });
    }
  }
  return { failures, ...annotate(compiled, activation, budget, ignores) };
}

/** What messageExpression makes, else the fixed message, else the expression. */
function messageOf(
  { messageExpression, message, expression }: CompiledValidation,
  activation: Activation,
  budget: CostBudget,
): string {
  if (messageExpression !== undefined) {
    const result = evaluated(messageExpression, activation, budget);
    if ("spent" in result) return `failed messageExpression: ${result.error}`;
    const made = "value" in result && typeof result.value === "string" ? result.value.trim() : "";
    if (made !== "" && Buffer.byteLength(made) <= expressionLimits.messageBytes && !made.includes("\n")) return made;
  }
  return message.trim() || `failed expression: ${expression.trim()}`;
}

function annotate(
  { annotations }: CompiledValidatingPolicy,
  activation: Activation,
  budget: CostBudget,
  ignores: boolean,
): Pick<Outcome, "annotations" | "annotationErrors"> {
  const found = new Map<string, string>();
  const annotationErrors: string[] = [];
  for (const annotation of annotations) {
    const result = evaluated(annotation, activation, budget);
    if ("error" in result) {
      if (!ignores) annotationErrors.push(result.error);
      if ("spent" in result) break;
    } else if (typeof result.value === "string" && result.value.trim() !== "") {
      found.set(annotation.key, result.value.trim().slice(0, annotationBytesMax));
    }
  }
  return { annotations: found, annotationErrors };
}

const codes: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

/** Forbidden in words, but with the reason that the policy gives. */
function denied(attributes: Attributes, message: string, reason: string): ApiError {
  const { status } = refuse(attributes, message);
  const details = { ...status.details, causes: [...(status.details?.causes ?? []), { message }] };
  return new ApiError({ ...status, reason, code: codes[reason] ?? 422, details });
}
