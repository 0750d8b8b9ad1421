import { statusOf } from "../../api/meta/index.ts";
import type { Host } from "../../host/index.ts";
import { attributesOfRequest } from "../auth/index.ts";
import type { ApiHandler, ApiRequest } from "../request.ts";
import type { Audit } from "./audit.ts";
import type { AuditTrail } from "./trail.ts";

/** Callers of the same process are told of like all others. */
export function auditedHandler(handler: ApiHandler, audit: Audit, host: Pick<Host, "random">): ApiHandler {
  const begin = (request: ApiRequest): AuditTrail | undefined => {
    const trail = audit.begin({
      attributes: attributesOfRequest(request),
      auditId: host.random.uuid(),
      requestUri: uriOf(request),
      sourceIPs: [],
      userAgent: request.userAgent,
    });
    trail?.received();
    trail?.sent(request.body);
    return trail;
  };
  return {
    async handle(request) {
      const trail = begin(request);
      if (trail === undefined) return handler.handle(request);
      try {
        const response = await handler.handle({ ...request, audit: trail });
        trail.answered(response);
        trail.complete(response.kind === "list" ? 200 : response.code);
        return response;
      } catch (error) {
        fail(trail, error);
        throw error;
      }
    },
    async watch(request, sink) {
      const trail = begin(request);
      if (trail === undefined) return handler.watch(request, sink);
      try {
        const watching = await handler.watch({ ...request, audit: trail }, sink);
        trail.started(200);
        request.signal?.addEventListener("abort", () => trail.complete(200), { once: true });
        return watching;
      } catch (error) {
        fail(trail, error);
        throw error;
      }
    },
  };
}

function fail(trail: AuditTrail, error: unknown): void {
  const status = statusOf(error);
  trail.failed(status);
  trail.complete(status.code ?? 500);
}

/** The path that the same request has over HTTP. */
function uriOf({ group, version, namespace, resource, name, subresource, verb, options }: ApiRequest): string {
  const parts = group === "" ? ["", "api", version] : ["", "apis", group, version];
  if (namespace) parts.push("namespaces", namespace);
  parts.push(resource);
  if (name) parts.push(name);
  if (subresource) parts.push(subresource);
  const query = new URLSearchParams();
  if (options.fieldSelector) query.set("fieldSelector", options.fieldSelector);
  if (options.labelSelector) query.set("labelSelector", options.labelSelector);
  if (verb === "watch") query.set("watch", "true");
  const text = query.toString();
  return parts.join("/") + (text === "" ? "" : `?${text}`);
}
