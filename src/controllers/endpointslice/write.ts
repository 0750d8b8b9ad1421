import { isReason } from "../../api/meta/index.ts";
import { type Client, resources } from "../../client/index.ts";
import { objectKey } from "../owners.ts";
import { isNamespaceTerminating } from "../pods/index.ts";
import type { OwnSlices } from "./own-slices.ts";
import type { SlicePlan } from "./plan.ts";

/** Whose slices are written, and what is remembered of it. */
export interface SliceWriting {
  readonly client: Client;
  readonly service: string;
  readonly own: OwnSlices;
}

/** Changes first, so that no endpoint is missing in between. */
export async function writeSlices({ client, service, own }: SliceWriting, plan: SlicePlan): Promise<void> {
  const writer = client.resource(resources.endpointslices);
  for (const slice of plan.update) own.wrote(service, await writer.update(slice));
  for (const draft of plan.create) {
    try {
      own.wrote(service, await writer.create(draft));
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
  }
  for (const slice of plan.remove) {
    try {
      await writer.delete(objectKey(slice));
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
    own.deleted(service, slice.metadata.name ?? "");
  }
}
