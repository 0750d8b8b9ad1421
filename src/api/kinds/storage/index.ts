/** Classes of storage, its drivers, what they can hold and where volumes are attached. */
import type { KindStrategy } from "../generic.ts";
import { csiDriverStrategy } from "./csi-driver.ts";
import { csiNodeStrategy } from "./csi-node.ts";
import { csiStorageCapacityStrategy } from "./csi-storage-capacity.ts";
import { storageClassStrategy } from "./storage-class.ts";
import { volumeAttachmentStrategy } from "./volume-attachment.ts";
import { volumeAttributesClassStrategy } from "./volume-attributes-class.ts";

export const storageStrategies: Readonly<Record<string, KindStrategy>> = {
  csidrivers: csiDriverStrategy,
  csinodes: csiNodeStrategy,
  csistoragecapacities: csiStorageCapacityStrategy,
  storageclasses: storageClassStrategy,
  volumeattachments: volumeAttachmentStrategy,
  volumeattributesclasses: volumeAttributesClassStrategy,
};
