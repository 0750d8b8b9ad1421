import type { KubeObject, ObjectMeta } from "../meta/index.ts";
import type { DaemonSet } from "../types/index.ts";
import { ownMetadata } from "./apps/index.ts";

/** An object's metadata as views show it that leave out the rest. */
export function metadataView(object: KubeObject): ObjectMeta {
  return object.kind === "DaemonSet" ? ownMetadata(object as DaemonSet) : object.metadata;
}
