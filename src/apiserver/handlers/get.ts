import { errors } from "../../api/meta/index.ts";
import type { ApiResponse } from "../request.ts";
import { type Call, type HandlerContext, warningsOf } from "./context.ts";
import { objectKey, requiredName } from "./keys.ts";
import { parseRevision, requireRevision } from "./revisions.ts";
import { answered } from "./versions.ts";

/** GET of one object; a resourceVersion asks for an answer at least as new. */
export async function get(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const { request, kind } = call;
  const name = requiredName(request);
  await requireRevision(ctx.store, parseRevision(request.options.resourceVersion));
  const entry = await ctx.store.get(objectKey(kind, request.namespace, name));
  if (entry === undefined) throw errors.notFound(kind, name);
  return { kind: "object", code: 200, ...answered(kind, entry), warnings: warningsOf(call) };
}
