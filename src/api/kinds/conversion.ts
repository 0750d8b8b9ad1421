import type { KubeObject } from "../meta/index.ts";
import { autoscalingV1Conversion } from "./autoscaling/conversion.ts";
import { eventsConversion } from "./events/conversion.ts";
import type { Conversion } from "./kind.ts";
import { resourceV1beta1Conversion } from "./resource/index.ts";

/** Between a served version and the stored one; undefined where they are the same. */
export function conversionOf(apiVersion: string, storageApiVersion: string, resource: string): Conversion | undefined {
  if (apiVersion === storageApiVersion) return undefined;
  if (apiVersion === "autoscaling/v1" && resource === "horizontalpodautoscalers") return autoscalingV1Conversion;
  if (apiVersion === "events.k8s.io/v1") return eventsConversion;
  if (apiVersion === "resource.k8s.io/v1beta1") {
    return resourceV1beta1Conversion(resource) ?? renaming(apiVersion, storageApiVersion);
  }
  return renaming(apiVersion, storageApiVersion);
}

/** Versions that differ in nothing but their name. */
function renaming(apiVersion: string, storageApiVersion: string): Conversion {
  return {
    toStorage: (draft: KubeObject) => Object.assign(draft, { apiVersion: storageApiVersion }),
    fromStorage: (object: KubeObject) => ({ ...object, apiVersion }),
  };
}
