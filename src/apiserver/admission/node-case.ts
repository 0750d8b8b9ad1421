import { errors } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import type { Authorizer } from "../auth/index.ts";
import type { Attributes } from "./admission.ts";
import type { Lookup } from "./lookup.ts";

/** What a node wants to do. */
export interface Case {
  readonly attributes: Attributes;
  readonly node: string;
  readonly lookup: Lookup;
  /** Says for which audiences nodes may ask for tokens at all times. */
  readonly authorizer: Authorizer | undefined;
}

/** @throws ApiError 404 when there is none. */
export async function podOf(lookup: Lookup, namespace: string, name: string): Promise<Pod> {
  const pod = await lookup.get("", "pods", namespace, name);
  if (pod === undefined) throw errors.notFound({ group: "", resource: "pods" }, name);
  return pod as Pod;
}
