import {
  CostBudget,
  compilePolicy,
  ExpressionError,
  expressionLimits,
  fromCel,
  toCel,
  type VariableProgram,
} from "../../../api/cel/index.ts";
import type { ResourceKind } from "../../../api/kinds/index.ts";
import { ApiError, type JsonValue, type KubeObject } from "../../../api/meta/index.ts";
import { jsonPatch, mergeTyped } from "../../../api/patch/index.ts";
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from "../../../api/types/index.ts";
import type { AdmissionPlugin, Attributes } from "../admission.ts";
import type { Lookup } from "../lookup.ts";
import { refuse } from "../refusal.ts";
import { type RequestValues, requestValues } from "./activation.ts";
import { activationOf, compileVariables } from "./compiled-validating-policy.ts";
import { type CompiledCondition, compileConditions, conditionsHold, evaluated } from "./conditions.ts";
import { mutateObject } from "./mutation.ts";
import { ConfigurationError, collectParams, requireParamKind } from "./parameters.ts";
import { isPolicy, PolicyObjects } from "./policy-objects.ts";
import { type Reinvocation, Reinvocations } from "./reinvocation.ts";
import { matchRequest } from "./request-matching.ts";
import type { PolicyPluginOptions } from "./validating-policy.ts";

type Policy = MutatingAdmissionPolicy;
type Binding = MutatingAdmissionPolicyBinding;

interface CompiledMutation extends CompiledCondition {
  readonly patchType: string;
}

interface CompiledPolicy {
  readonly conditions: readonly CompiledCondition[];
  readonly variables: readonly VariableProgram[];
  readonly mutations: readonly CompiledMutation[];
}

/** One policy with one binding and one of its parameters. */
interface Invocation {
  readonly policy: Policy;
  readonly binding: Binding;
  readonly param: KubeObject | null;
  readonly matched: ResourceKind;
}

/** Changes what MutatingAdmissionPolicies want changed. */
export function mutatingAdmissionPolicy(options: PolicyPluginOptions, lookup: Lookup): AdmissionPlugin {
  const policies = new PolicyObjects<Policy, Binding>(options.store, options.kinds, "mutatingadmissionpolicies");
  const reinvocations = new Reinvocations();
  return {
    name: "MutatingAdmissionPolicy",
    handles: ({ kind, operation, object }) =>
      policies.mayHaveAny && operation !== "DELETE" && object !== undefined && !isPolicy(kind),
    async admit(attributes, isReinvocation) {
      const round = new Round(options, lookup, attributes);
      for (const { policy, bindings } of await policies.hooks()) await round.collect(policy, bindings);
      await round.run(reinvocations.begin(attributes, isReinvocation));
    },
    wantsReinvocation: (attributes) => reinvocations.isWanted(attributes),
  };
}

/** All policies against one request. */
class Round {
  readonly #options: PolicyPluginOptions;
  readonly #lookup: Lookup;
  readonly #attributes: Attributes;
  readonly #invocations: Invocation[] = [];
  readonly #errors: string[] = [];

  constructor(options: PolicyPluginOptions, lookup: Lookup, attributes: Attributes) {
    this.#options = options;
    this.#lookup = lookup;
    this.#attributes = attributes;
  }

  async collect(policy: Policy, bindings: readonly Binding[]): Promise<void> {
    const { kinds, store } = this.#options;
    const { namespace } = this.#attributes;
    const matched = await matchRequest(policy.spec.matchConstraints, this.#attributes, kinds, this.#lookup);
    if (matched === undefined) return;
    try {
      requireParamKind(kinds, policy.spec.paramKind);
    } catch (err) {
      this.#failed(policy, undefined, `failed to configure policy: ${configurationMessage(err)}`);
      return;
    }
    for (const binding of bindings) {
      try {
        const { matchResources, paramRef } = binding.spec;
        if ((await matchRequest(matchResources, this.#attributes, kinds, this.#lookup)) === undefined) continue;
        const params = await collectParams(store, kinds, policy.spec.paramKind, paramRef, namespace);
        for (const param of params) this.#invocations.push({ policy, binding, param, matched });
      } catch (err) {
        this.#failed(policy, binding, `failed to configure binding: ${configurationMessage(err)}`);
      }
    }
  }

  /** @throws ApiError 403 */
  async run(rounds: Reinvocation): Promise<void> {
    for (const invocation of this.#invocations) {
      const { policy, binding, param } = invocation;
      const key = JSON.stringify([policy.metadata.uid, binding.metadata.uid, param?.metadata.uid]);
      if (rounds.skips(key)) continue;
      const changed = await this.#invoke(invocation);
      rounds.invoked(key, changed, policy.spec.reinvocationPolicy);
    }
    rounds.end(this.#attributes.object);
    const [first] = this.#errors;
    if (first === undefined) return;
    const { status } = refuse(this.#attributes, first);
    const causes = this.#errors.map((message) => ({ message }));
    throw new ApiError({ ...status, message: first, reason: "Invalid", details: { ...status.details, causes } });
  }

  /** Whether it changed the object. */
  async #invoke({ policy, binding, param, matched }: Invocation): Promise<boolean> {
    const compiled = compiledMutatingPolicy(policy);
    const params = param === null ? null : toCel(param);
    const ignores = policy.spec.failurePolicy === "Ignore";
    const matches = conditionsHold(
      compiled.conditions,
      activationOf(await this.#values(matched), params, compiled.variables),
      ignores,
    );
    if (matches === false) return false;
    if (matches !== true) {
      this.#failed(policy, binding, matches.error);
      return false;
    }
    let changed = false;
    for (const mutation of compiled.mutations) {
      const budget = new CostBudget(expressionLimits.budget);
      const activation = activationOf(await this.#values(matched), params, compiled.variables, budget);
      const result = evaluated(mutation, activation, budget);
      try {
        if ("error" in result) throw new ExpressionError(result.error);
        const patch = fromCel(result.value) as JsonValue; // made of JSON's kinds of values only
        if (this.#apply(mutation.patchType, patch, matched)) changed = true;
      } catch (err) {
        if (!(err instanceof Error)) throw err;
        this.#failed(policy, binding, err.message);
      }
    }
    return changed;
  }

  #values(matched: ResourceKind): Promise<RequestValues> {
    return requestValues(this.#attributes, matched, this.#options.authorizer, this.#lookup);
  }

  #apply(patchType: string, patch: JsonValue, matched: ResourceKind): boolean {
    return mutateObject(this.#attributes, matched, (before) =>
      patchType === "JSONPatch" ? jsonPatch(before, patch) : applied(before, patch, matched),
    );
  }

  #failed({ metadata, spec }: Policy, binding: Binding | undefined, why: string): void {
    if (spec.failurePolicy === "Ignore") return;
    const where =
      binding === undefined
        ? `policy ${JSON.stringify(metadata.name)}`
        : `policy '${metadata.name}' with binding '${binding.metadata.name}'`;
    this.#errors.push(`${where} denied request: ${why}`);
  }
}

/** Lays the configuration over the object. @throws Error in the original's words */
function applied(before: JsonValue, patch: JsonValue, { shape, kind, version, group }: ResourceKind): JsonValue {
  const apiVersion = group === "" ? version : `${group}/${version}`;
  const config = typeof patch === "object" && patch !== null && !Array.isArray(patch) ? patch : {};
  try {
    return mergeTyped(before, { ...config, apiVersion, kind }, shape);
  } catch (err) {
    if (!(err instanceof Error)) throw err;
    throw new ExpressionError(`error applying patch: ${err.message}`, { cause: err });
  }
}

function configurationMessage(err: unknown): string {
  if (err instanceof ConfigurationError || err instanceof ApiError) return err.message;
  throw err;
}

const compiledPolicies = new WeakMap<Policy, CompiledPolicy>();

function compiledMutatingPolicy(policy: Policy): CompiledPolicy {
  const known = compiledPolicies.get(policy);
  if (known !== undefined) return known;
  const { spec } = policy;
  const hasParams = spec.paramKind !== undefined;
  const compiler = compilePolicy({ hasParams, hasPatches: true }, (spec.variables ?? []).length > 0);
  const variables = compileVariables(compiler, spec.variables);
  const mutations = (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch: patch }) => {
    const expression = (patchType === "JSONPatch" ? patch : applyConfiguration)?.expression ?? "";
    const type = patchType === "JSONPatch" ? "list<JSONPatch>" : "Object";
    return { patchType: patchType ?? "", expression, ...compiler.compile(expression, type) };
  });
  const made = { conditions: compileConditions(spec.matchConditions, hasParams), variables, mutations };
  compiledPolicies.set(policy, made);
  return made;
}
