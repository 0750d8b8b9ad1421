import type { KindRegistry } from "../../../api/kinds/index.ts";
import { errors } from "../../../api/meta/index.ts";
import { jsonPatch } from "../../../api/patch/index.ts";
import type { Host } from "../../../host/index.ts";
import type { Store } from "../../../store/index.ts";
import type { AdmissionPlugin, Attributes, Lookup } from "../../admission/index.ts";
import { isExemptConfiguration, mutateObject, Reinvocations } from "../../admission/policies/index.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import type { ServiceClient } from "../service-client/index.ts";
import { type CallerPorts, callWebhook, isOver, patched } from "./caller.ts";
import { webhookCredentials } from "./credentials.ts";
import { type Hook, Hooks } from "./hooks.ts";
import { type Invocation, invocationOf, type MatchingPorts, matchedByRules } from "./invocation.ts";
import { WebhookMetrics } from "./metrics.ts";

export interface WebhookOptions {
  readonly host: Host;
  readonly store: Store;
  readonly kinds: KindRegistry;
  readonly authorizer: Authorizer;
  readonly lookup: Lookup;
  readonly services: ServiceClient;
  /** From the file of --admission-control-config-file, by plugin. */
  readonly configurations?: ReadonlyMap<string, unknown>;
}

const mutatingName = "MutatingAdmissionWebhook";
const validatingName = "ValidatingAdmissionWebhook";

/** The two plugins, for the place of their names in the chain. @throws AdmissionConfigError */
export function webhookPlugins(options: WebhookOptions): AdmissionPlugin[] {
  return [mutatingWebhooks(options), validatingWebhooks(options)];
}

/** Lets webhooks change requests, one after the other: each sees what those before it changed. */
function mutatingWebhooks(options: WebhookOptions): AdmissionPlugin {
  const { hooks, ports, matching } = parts(options, "mutating");
  const reinvocations = new Reinvocations();
  return {
    name: mutatingName,
    handles: (attributes) => mayMatch(hooks, attributes, options.kinds),
    async admit(attributes, isReinvocation) {
      const rounds = reinvocations.begin(attributes, isReinvocation);
      const round = isReinvocation ? 1 : 0;
      for (const [index, hook] of (await hooks.read()).entries()) {
        const invocation = await invocationOf(matching, hook, attributes);
        if (invocation === undefined || rounds.skips(hook.key)) continue;
        const changed = await mutate(ports, invocation, attributes, `round_${round}_index_${index}`);
        rounds.invoked(hook.key, changed, hook.webhook.reinvocationPolicy);
      }
      rounds.end(attributes.object);
    },
    wantsReinvocation: (attributes) => reinvocations.isWanted(attributes),
  };
}

/** Whether the webhook changed the object. @throws ApiError */
async function mutate(
  ports: CallerPorts,
  invocation: Invocation,
  attributes: Attributes,
  place: string,
): Promise<boolean> {
  const { hook, matched } = invocation;
  const { configuration, webhook } = hook;
  let changed = false;
  let patch: unknown;
  try {
    const { verdict } = await callWebhook(ports, invocation, attributes, (given) => {
      const operations = given.patch;
      if (operations === undefined || (Array.isArray(operations) && operations.length === 0)) return;
      patch = operations;
      if (attributes.object === undefined) throw unmodifiable(webhook.name);
      changed = mutateObject(attributes, matched, (before) => patched(() => jsonPatch(before, operations)));
    });
    if (verdict === undefined) {
      attributes.audit?.(`failed-open.mutation.webhook.admission.k8s.io/${place}`, webhook.name);
    }
  } finally {
    const told = { configuration, webhook: webhook.name, mutated: changed };
    attributes.audit?.(`mutation.webhook.admission.k8s.io/${place}`, JSON.stringify(told));
  }
  if (changed) {
    const told = { configuration, webhook: webhook.name, patch, patchType: "JSONPatch" };
    attributes.audit?.(`patch.webhook.admission.k8s.io/${place}`, JSON.stringify(told));
  }
  return changed;
}

function unmodifiable(name: string) {
  const what = `admission webhook ${JSON.stringify(name)} attempted to modify the object`;
  return errors.internalError(new Error(`${what}, which is not supported for this operation`));
}

/** Asks all webhooks at once; the first refusal counts. */
function validatingWebhooks(options: WebhookOptions): AdmissionPlugin {
  const { hooks, ports, matching } = parts(options, "validating");
  return {
    name: validatingName,
    handles: (attributes) => mayMatch(hooks, attributes, options.kinds),
    async validate(attributes) {
      const invocations: Invocation[] = [];
      for (const hook of await hooks.read()) {
        const invocation = await invocationOf(matching, hook, attributes);
        if (invocation !== undefined) invocations.push(invocation);
      }
      if (invocations.length === 0) return;
      if (isOver(attributes, options.host)) {
        throw errors.timeout("request did not complete within requested timeout", 0);
      }
      let refused: { readonly error: unknown } | undefined;
      const ask = async (invocation: Invocation, index: number): Promise<void> => {
        try {
          const { verdict } = await callWebhook(ports, invocation, attributes);
          if (verdict !== undefined) return;
          const key = `failed-open.validation.webhook.admission.k8s.io/round_0_index_${index}`;
          attributes.audit?.(key, invocation.hook.webhook.name);
        } catch (error) {
          refused ??= { error };
        }
      };
      await Promise.all(invocations.map(ask));
      if (refused !== undefined) throw refused.error;
    },
  };
}

function parts(options: WebhookOptions, type: "mutating" | "validating") {
  const { host, store, kinds, authorizer, lookup, configurations } = options;
  const mutating = type === "mutating";
  const credentials = webhookCredentials(configurations?.get(mutating ? mutatingName : validatingName));
  const services = credentials === undefined ? options.services : options.services.as(credentials);
  const metrics = new WebhookMetrics(host, mutating ? "admit" : "validating");
  const hooks = new Hooks(store, kinds, `${type}webhookconfigurations`);
  const ports: CallerPorts = { host, services, metrics, mutating };
  const matching: MatchingPorts = { kinds, authorizer, lookup, metrics };
  return { hooks, ports, matching };
}

/** Nothing is asked and nobody waits where no webhook's rules are about the request. */
function mayMatch(hooks: Hooks, attributes: Attributes, kinds: KindRegistry): boolean {
  if (isExemptConfiguration(attributes.kind)) return false;
  const known = hooks.known;
  return known === undefined || known.some((hook: Hook) => matchedByRules(hook, attributes, kinds) !== undefined);
}
