import { errors } from "../../../api/meta/index.ts";
import type { ApiResponse } from "../../request.ts";
import type { Call, HandlerContext } from "../context.ts";
import { get } from "../get.ts";
import { patch } from "../patch.ts";
import { update } from "../update.ts";
import { bindPod } from "./binding.ts";
import { evictPod } from "./eviction.ts";
import { scale } from "./scale.ts";
import { requestToken } from "./token.ts";

type Handler = (ctx: HandlerContext, call: Call) => Promise<ApiResponse>;

/** Subresources that are actions: a POST of an object of their own. */
const actions: Readonly<Record<string, Handler>> = {
  "pods/binding": bindPod,
  "pods/eviction": evictPod,
  "serviceaccounts/token": requestToken,
};

/** Who answers a request to a subresource: an action, the scale view, or the object whose part it is. */
export function subresourceHandler(call: Call): Handler {
  const { request, kind } = call;
  const subresource = request.subresource ?? "";
  const served = kind.subresources.get(subresource);
  if (served === undefined) throw errors.genericNotFound();
  if (!served.verbs.includes(request.verb)) throw errors.methodNotSupported(kind, request.verb);
  const action = kind.group === "" ? actions[`${kind.resource}/${subresource}`] : undefined;
  if (action !== undefined) return action;
  if (subresource === "scale") return scale;
  switch (request.verb) {
    case "get":
      return get;
    case "update":
      return update;
    case "patch":
      return patch;
    default:
      throw errors.methodNotSupported(kind, request.verb);
  }
}
