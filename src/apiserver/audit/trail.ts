import {
  formatMicroTime,
  type JsonObject,
  type JsonValue,
  type KubeObject,
  type Status,
} from "../../api/meta/index.ts";
import type { Clock } from "../../host/index.ts";
import type { ApiResponse, UserInfo } from "../request.ts";
import type { AuditedRequest } from "./audit.ts";
import { levels, type Stage, type Verdict } from "./policy.ts";

export type Write = (event: JsonObject) => void;

/** What is told of one request, stage by stage. */
export class AuditTrail {
  readonly #request: AuditedRequest;
  readonly #verdict: Verdict;
  readonly #clock: Pick<Clock, "now">;
  readonly #write: Write;
  readonly #receivedMs: number;
  readonly #annotations: Record<string, string> = {};
  #impersonated: UserInfo | undefined;
  #sent: JsonValue | undefined;
  #answer: JsonValue | undefined;
  #status: JsonObject | undefined;
  #named: { name?: string; namespace?: string; uid?: string; resourceVersion?: string } = {};
  #ended = false;

  constructor(request: AuditedRequest, verdict: Verdict, clock: Pick<Clock, "now">, write: Write) {
    this.#request = request;
    this.#verdict = verdict;
    this.#clock = clock;
    this.#write = write;
    this.#receivedMs = clock.now();
  }

  /** The first of a key stays. */
  annotate(key: string, value: string): void {
    this.#annotations[key] ??= value;
  }

  impersonating(user: UserInfo): void {
    this.#impersonated = user;
  }

  received(): void {
    this.#tell("RequestReceived");
  }

  /** The body as it came: it is changed on its way. */
  sent(body: JsonValue | undefined): void {
    if (body === undefined) return;
    const { metadata } = body as {
      metadata?: { name?: string; namespace?: string; uid?: string; resourceVersion?: string };
    };
    this.#named = { ...metadata };
    if (this.#keeps("Request")) this.#sent = structuredClone(body);
  }

  answered(response: ApiResponse): void {
    if (!this.#keeps("RequestResponse")) return;
    if (response.kind === "object") this.#answer = response.object as unknown as JsonValue;
    else if (response.kind === "status") this.#answer = response.status as unknown as JsonValue;
    else {
      const { apiVersion, listKind, metadata, items } = response;
      const objects = items.map(({ object }) => object as unknown as JsonValue);
      this.#answer = { kind: listKind, apiVersion, metadata: { ...metadata }, items: objects };
    }
  }

  failed(status: Status): void {
    const { kind, apiVersion, ...rest } = status;
    this.#status = rest as unknown as JsonObject;
    if (this.#keeps("RequestResponse")) this.#answer = status as unknown as JsonObject;
  }

  /** Of an answer that goes on. */
  started(code: number): void {
    this.#tell("ResponseStarted", code);
  }

  /** Told once. */
  complete(code: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tell("ResponseComplete", code);
  }

  #keeps(level: "Request" | "RequestResponse"): boolean {
    return levels.indexOf(this.#verdict.level) >= levels.indexOf(level);
  }

  #tell(stage: Stage, code?: number): void {
    if (this.#verdict.omitStages.has(stage)) return;
    const { attributes, auditId, requestUri, sourceIPs, userAgent } = this.#request;
    const done = stage === "ResponseComplete";
    this.#write({
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level: this.#verdict.level,
      auditID: auditId,
      stage,
      requestURI: requestUri,
      verb: attributes.verb,
      user: userOf(attributes.user),
      ...(this.#impersonated && { impersonatedUser: userOf(this.#impersonated) }),
      ...(sourceIPs.length > 0 && { sourceIPs: [...sourceIPs] }),
      ...(userAgent && { userAgent }),
      ...this.#objectRef(),
      ...(code !== undefined && { responseStatus: { metadata: {}, ...this.#status, code } }),
      ...(done && this.#sent !== undefined && { requestObject: this.#shown(this.#sent) }),
      ...(done && this.#answer !== undefined && { responseObject: this.#shown(this.#answer) }),
      requestReceivedTimestamp: formatMicroTime(this.#receivedMs),
      stageTimestamp: formatMicroTime(this.#clock.now()),
      ...(Object.keys(this.#annotations).length > 0 && { annotations: { ...this.#annotations } }),
    });
  }

  #objectRef(): JsonObject {
    const { attributes } = this.#request;
    if (attributes.kind !== "resource") return {};
    const { resource, group, version, subresource } = attributes;
    const namespace = attributes.namespace || this.#named.namespace;
    const name = attributes.name || this.#named.name;
    const { uid, resourceVersion } = this.#named;
    const objectRef = {
      resource,
      ...(namespace && { namespace }),
      ...(name && { name }),
      ...(uid && { uid }),
      ...(group && { apiGroup: group }),
      apiVersion: version,
      ...(resourceVersion && { resourceVersion }),
      ...(subresource && { subresource }),
    };
    return { objectRef };
  }

  #shown(value: JsonValue): JsonValue {
    if (!this.#verdict.omitManagedFields) return value;
    const { items } = value as { items?: JsonValue };
    const bare = withoutManagedFields(value);
    return Array.isArray(items) ? { ...(bare as JsonObject), items: items.map(withoutManagedFields) } : bare;
  }
}

function withoutManagedFields(value: JsonValue): JsonValue {
  const { metadata } = (value ?? {}) as Partial<KubeObject>;
  if (metadata?.managedFields === undefined) return value;
  const { managedFields: _, ...rest } = metadata;
  return { ...(value as JsonObject), metadata: rest as JsonObject };
}

function userOf({ name, uid, groups, extra }: UserInfo): JsonObject {
  return {
    username: name,
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(extra && Object.keys(extra).length > 0 && { extra: extra as unknown as JsonObject }),
  };
}
