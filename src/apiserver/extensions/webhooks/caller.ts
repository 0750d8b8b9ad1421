import { ApiError, errors, type JsonValue } from "../../../api/meta/index.ts";
import type { Host } from "../../../host/index.ts";
import type { Attributes } from "../../admission/index.ts";
import { CallError, type ServiceClient } from "../service-client/index.ts";
import { AnswerError, denied, readVerdict, type Verdict } from "./answer.ts";
import { type Invocation, reviewOf } from "./invocation.ts";
import type { WebhookMetrics } from "./metrics.ts";

const defaultTimeoutSeconds = 10;
const headers = {
  "content-type": "application/json",
  accept: "application/json, */*",
  "user-agent": "kube-apiserver-admission",
};

export interface CallerPorts {
  readonly host: Host;
  readonly services: ServiceClient;
  readonly metrics: WebhookMetrics;
  readonly mutating: boolean;
}

/** What a call led to. Without a verdict the webhook could not be asked, and its failurePolicy lets the request go on. */
export type Outcome = { readonly verdict: Verdict } | { readonly verdict?: undefined };

/** The webhook could not be asked. */
class WebhookFailure extends Error {
  override readonly name = "WebhookFailure";
  readonly code: number;

  constructor(name: string, why: string, code: number, cause: unknown) {
    super(`failed calling webhook ${JSON.stringify(name)}: ${why}`, { cause });
    this.code = code;
  }
}

/**
 * Asks one webhook about a request. `accept` uses what it allowed, inside of what is measured.
 * @throws ApiError when it denies, or cannot be asked and its failurePolicy is Fail
 */
export async function callWebhook(
  ports: CallerPorts,
  invocation: Invocation,
  attributes: Attributes,
  accept: (verdict: Verdict) => void = () => {},
): Promise<Outcome> {
  const { host, metrics } = ports;
  const { webhook } = invocation.hook;
  const { name } = webhook;
  const { operation } = attributes;
  const begun = host.clock.now();
  const observe = (code: number, rejected?: "calling_webhook_error" | "apiserver_internal_error" | "no_error") =>
    metrics.called({ name, operation, seconds: (host.clock.now() - begun) / 1000, code, rejected });
  try {
    const verdict = await ask(ports, invocation, attributes);
    for (const [key, value] of Object.entries(verdict.auditAnnotations)) attributes.audit?.(`${name}/${key}`, value);
    for (const text of verdict.warnings) attributes.warn(text);
    if (!verdict.allowed) throw denied(name, verdict);
    accept(verdict);
    observe(200);
    return { verdict };
  } catch (error) {
    if (!(error instanceof WebhookFailure)) {
      const isDenial = error instanceof ApiError && error.reason !== "InternalError";
      observe(isDenial ? error.code : 0, isDenial ? "no_error" : "apiserver_internal_error");
      throw error;
    }
    const ignores = webhook.failurePolicy === "Ignore";
    observe(error.code, ignores ? undefined : "calling_webhook_error");
    const fields = { webhook: name, error: error.message };
    if (!ignores) {
      host.log.warn("Failed calling webhook, failing closed", fields);
      throw errors.internalError(error);
    }
    host.log.warn("Failed calling webhook, failing open", fields);
    metrics.failedOpen(name);
    if (isOver(attributes, host)) throw errors.timeout("request did not complete within requested timeout", 0);
    return {};
  }
}

/** Whether the request itself has no time left. */
export function isOver({ deadline }: Attributes, host: Host): boolean {
  return deadline !== undefined && host.clock.now() >= deadline;
}

/** @throws WebhookFailure, ApiError */
async function ask(
  { host, services, mutating }: CallerPorts,
  invocation: Invocation,
  attributes: Attributes,
): Promise<Verdict> {
  const { webhook } = invocation.hook;
  const { name, sideEffects, clientConfig } = webhook;
  if (attributes.dryRun && sideEffects !== "None" && sideEffects !== "NoneOnDryRun") {
    throw errors.badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
  }
  const version = (webhook.admissionReviewVersions ?? []).find((one) => one === "v1" || one === "v1beta1") ?? "v1";
  const apiVersion = `admission.k8s.io/${version}`;
  const uid = host.random.uuid();
  const body = JSON.stringify(reviewOf(invocation, attributes, apiVersion, uid));
  const limitMs = (webhook.timeoutSeconds ?? defaultTimeoutSeconds) * 1000;
  const leftMs = attributes.deadline === undefined ? limitMs : attributes.deadline - host.clock.now();
  const timeoutMs = Math.max(1, Math.min(limitMs, leftMs));
  const query = `timeout=${Math.ceil(timeoutMs / 1000)}s`;
  try {
    const answer = await services.call(clientConfig, { headers, body, query, timeoutMs });
    return readVerdict(answer, uid, apiVersion, mutating);
  } catch (error) {
    if (error instanceof AnswerError) throw new WebhookFailure(name, error.message, error.code, error);
    if (error instanceof CallError)
      throw new WebhookFailure(name, `failed to call webhook: ${error.message}`, 503, error);
    const why = error instanceof Error ? error.message : String(error);
    throw new WebhookFailure(name, `could not get REST client: ${why}`, 500, error);
  }
}

/** What the patch library says, without what the API wraps around it for clients. @throws ApiError 500 */
export function patched(apply: () => JsonValue): JsonValue {
  try {
    return apply();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw errors.internalError(cause);
  }
}
