import { get } from "node:https";
import type { KindRegistry, ResourceKind } from "../api/kinds/index.ts";
import { errors, type KubeObject } from "../api/meta/index.ts";
import type { ComponentStatus } from "../api/types/index.ts";
import { type Clock, hasCode, withTimeout } from "../host/index.ts";
import { deprecationOf, selectionOf } from "./handlers/index.ts";
import type { ApiHandler, ApiRequest, ApiResponse } from "./request.ts";

/** A component and how it is asked whether it is well: it throws what is wrong. */
export interface ComponentCheck {
  readonly name: string;
  check(): void | Promise<void>;
}

const checkTimeoutMs = 5000;

/** The scheduler and the controller manager of the original, at their ports on this machine. */
export function usualComponents(clock: Clock): ComponentCheck[] {
  return [
    { name: "scheduler", check: () => askHealth(clock, 10_259) },
    { name: "controller-manager", check: () => askHealth(clock, 10_257) },
  ];
}

/** Answers `componentstatuses`, which are stored nowhere: every request asks the components. */
export function withComponentStatuses(
  own: ApiHandler,
  kinds: KindRegistry,
  components: readonly ComponentCheck[],
): ApiHandler {
  const kind = kinds.byResource("", "v1", "componentstatuses");
  const concerns = ({ group, resource, verb, subresource }: ApiRequest): boolean =>
    resource === "componentstatuses" && group === "" && !subresource && (verb === "get" || verb === "list");
  return {
    handle: (request) =>
      kind !== undefined && concerns(request) ? answer(kind, components, request) : own.handle(request),
    watch: (request, sink) => own.watch(request, sink),
  };
}

async function answer(
  kind: ResourceKind,
  components: readonly ComponentCheck[],
  request: ApiRequest,
): Promise<ApiResponse> {
  const warnings = [deprecationOf(kind) ?? ""].filter(Boolean);
  if (request.verb === "get") {
    const component = components.find(({ name }) => name === request.name);
    if (component === undefined) throw errors.notFound(kind, request.name ?? "");
    return { kind: "object", code: 200, object: await statusOf(component), warnings };
  }
  const selection = selectionOf(kind, request);
  const all = await Promise.all(components.map(statusOf));
  const items = all.filter((object) => selection.matches(object)).map((object) => ({ object }));
  return { kind: "list", apiVersion: "v1", listKind: "ComponentStatusList", metadata: {}, items, warnings };
}

async function statusOf({ name, check }: ComponentCheck): Promise<KubeObject & ComponentStatus> {
  const [status, message] = await outcome(check);
  const conditions = [{ type: "Healthy", status, message }];
  return { apiVersion: "v1", kind: "ComponentStatus", metadata: { name }, conditions };
}

async function outcome(check: ComponentCheck["check"]): Promise<["True" | "False", string]> {
  try {
    await check();
    return ["True", "ok"];
  } catch (error) {
    return ["False", error instanceof Error ? error.message : String(error)];
  }
}

/** Nobody is authenticated: like the original, it only asks whether somebody there says "ok". */
async function askHealth(clock: Clock, port: number): Promise<void> {
  const url = `https://127.0.0.1:${port}/healthz`;
  const answered = new Promise<string>((resolve, reject) => {
    const request = get(url, { rejectUnauthorized: false, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    });
    request.on("error", (error) => reject(new Error(`Get "${url}": ${reasonOf(error, port)}`)));
  });
  await withTimeout(clock, checkTimeoutMs, () => answered);
}

function reasonOf(error: Error, port: number): string {
  return hasCode(error, "ECONNREFUSED") ? `dial tcp 127.0.0.1:${port}: connect: connection refused` : error.message;
}
