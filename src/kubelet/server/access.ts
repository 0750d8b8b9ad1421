import type { IncomingMessage } from "node:http";
import { type Client, delegatedAccess } from "../../client/index.ts";
import type { Clock } from "../../host/index.ts";
import { Refusal } from "./refusal.ts";

/** Decides who may use the kubelet's API. */
export interface Access {
  /** @throws Refusal 401 or 403 */
  check(request: IncomingMessage, path: string): Promise<void>;
}

export interface ReviewedAccessOptions {
  readonly client: Pick<Client, "resource">;
  readonly clock: Clock;
  readonly nodeName: string;
  /** `AlwaysAllow` asks who it is, not whether it may. Default `Webhook`. */
  readonly authorization?: "Webhook" | "AlwaysAllow";
  /** Default false. */
  readonly anonymous?: boolean;
}

/** KubeletConfiguration's defaults: authentication.webhook.cacheTTL and the authorizer's two. */
const rememberedMs = { tokenMs: 2 * 60 * 1000, allowedMs: 5 * 60 * 1000, deniedMs: 30 * 1000 };

const methodVerbs: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Paths that have a permission of their own, beside the one for everything (`proxy`). */
const fineGrained: Readonly<Record<string, string>> = {
  "/pods": "pods",
  "/runningpods": "pods",
  "/healthz": "healthz",
  "/configz": "configz",
};
const coarse: Readonly<Record<string, string>> = {
  "/stats": "stats",
  "/metrics": "metrics",
  "/logs": "log",
  "/checkpoint": "checkpoint",
};

/** The subresources of the node of which one must be allowed, as the original maps paths. */
export function subresourcesOf(path: string): readonly string[] {
  const below = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  for (const [prefix, subresource] of Object.entries(coarse)) if (below(prefix)) return [subresource];
  for (const [prefix, subresource] of Object.entries(fineGrained)) if (below(prefix)) return [subresource, "proxy"];
  return ["proxy"];
}

/** Authentication by client certificates and tokens, authorization by asking the API server, both remembered a while. */
export function reviewedAccess(options: ReviewedAccessOptions): Access {
  const { client, clock, nodeName: name, anonymous = false } = options;
  const delegated = delegatedAccess({ client, clock, ...rememberedMs });
  return {
    async check(request, path) {
      const user = await delegated.userOf(request, anonymous);
      if (user === undefined) throw new Refusal(401, "Unauthorized");
      if (options.authorization === "AlwaysAllow") return;
      const verb = methodVerbs[request.method ?? ""] ?? "";
      const subresources = subresourcesOf(path);
      for (const subresource of subresources) {
        const resourceAttributes = { verb, version: "v1", resource: "nodes", subresource, name };
        if (await delegated.isAllowed(user, { resourceAttributes })) return;
      }
      const which = `user=${user.username}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(" ")}]`;
      throw new Refusal(403, `Forbidden (${which})`);
    },
  };
}
