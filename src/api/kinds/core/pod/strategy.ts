import type { FieldError } from "../../../meta/index.ts";
import { fieldError, root } from "../../../meta/index.ts";
import type { Pod } from "../../../types/index.ts";
import type { KindStrategy } from "../../generic.ts";
import { restoreField } from "../../generic.ts";
import { defaultPod } from "../../podspec/defaults.ts";
import { mergeMatchLabelKeys } from "../../podspec/match-label-keys.ts";
import { qosClassOf } from "../../podspec/qos.ts";
import { checkPodSpec } from "../../podspec/spec.ts";
import { nameWarnings, podWarnings } from "../../podspec/warnings.ts";
import { podFieldValue, podSelectableFields } from "./fields.ts";
import { podResize } from "./resize.ts";
import { checkPodStatusUpdate } from "./status.ts";
import { podTable } from "./table.ts";
import { checkEphemeralUpdate, checkPodSpecUpdate } from "./update.ts";

const gracePeriodMin = 1;

export const podStrategy: KindStrategy = {
  applyDefaults: defaultPod,
  prepareForCreate(pod: Pod) {
    mergeMatchLabelKeys(pod.spec, pod.metadata.labels ?? {});
    pod.status = { phase: "Pending", qosClass: qosClassOf(pod.spec) };
    if ((pod.spec.schedulingGates ?? []).length > 0) pod.status.conditions = [schedulingGated(pod)];
  },
  validate: (pod: Pod) => checkPod(pod),
  validateUpdate: (pod: Pod, old: Pod) => [...checkPod(pod), ...checkPodSpecUpdate(pod, old)],
  warnings: (pod: Pod, old?: Pod) => [
    ...(old === undefined ? nameWarnings(pod.metadata.name ?? "", "the Pod's hostname") : []),
    ...podWarnings(pod.spec, root("spec"), old?.spec),
  ],
  updates: {
    status: {
      prepareForUpdate(pod: Pod, old: Pod) {
        // Deletion and owners are not the kubelet's to change.
        takeOver(pod, old, "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences");
        if (pod.status) pod.status.qosClass = old.status?.qosClass;
      },
      validateUpdate: (pod: Pod, old: Pod) => checkPodStatusUpdate(pod, old),
    },
    ephemeralcontainers: {
      prepareForUpdate(pod: Pod, old: Pod) {
        const { ephemeralContainers } = pod.spec;
        const { ephemeralContainers: _, ...spec } = old.spec;
        pod.spec = ephemeralContainers === undefined ? spec : { ...spec, ephemeralContainers };
        restoreField(pod, old, "status");
      },
      validateUpdate: (pod: Pod, old: Pod) => [...checkPod(pod), ...checkEphemeralUpdate(pod, old)],
    },
    resize: podResize,
  },
  statusResetFields: [
    ["metadata", "deletionTimestamp"],
    ["metadata", "ownerReferences"],
  ],
  selectableFields: podSelectableFields,
  fieldValue: podFieldValue,
  table: podTable,
  gracePeriod(pod: Pod, requested) {
    let period = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0;
    if (period < 0) period = gracePeriodMin;
    // Nobody runs a pod that was never placed, or has ended: it can go at once.
    const { phase } = pod.status ?? {};
    if (!pod.spec.nodeName || phase === "Succeeded" || phase === "Failed") return 0;
    return period;
  },
};

function takeOver(pod: Pod, old: Pod, ...fields: (keyof Pod["metadata"])[]): void {
  for (const field of fields) {
    if (old.metadata[field] === undefined) delete pod.metadata[field];
    else Object.assign(pod.metadata, { [field]: old.metadata[field] });
  }
}

function schedulingGated(pod: Pod) {
  return {
    type: "PodScheduled",
    status: "False",
    reason: "SchedulingGated",
    message: "Scheduling is blocked due to non-empty scheduling gates",
    lastProbeTime: null,
    lastTransitionTime: pod.metadata.creationTimestamp ?? null,
  };
}

export function checkPod(pod: Pod): FieldError[] {
  const out: FieldError[] = [];
  const path = root("spec");
  checkPodSpec(pod.spec, pod.metadata.name ?? "", path, out);
  checkTokens(pod, out);
  checkImages(pod, out);
  return out;
}

/** Tokens are of a service account: without one there are none. */
function checkTokens(pod: Pod, out: FieldError[]): void {
  if (pod.spec.serviceAccountName) return;
  for (const [v, volume] of (pod.spec.volumes ?? []).entries()) {
    for (const [s, source] of (volume.projected?.sources ?? []).entries()) {
      if (!source.serviceAccountToken) continue;
      const path = root("spec").child("volumes").index(v).child("projected", "sources").index(s);
      const detail = "must not be specified when serviceAccountName is not set";
      out.push(fieldError.forbidden(path.child("serviceAccountToken"), detail));
    }
  }
}

function checkImages(pod: Pod, out: FieldError[]): void {
  for (const field of ["containers", "initContainers"] as const) {
    for (const [i, { image }] of (pod.spec[field] ?? []).entries()) {
      if (!image || image === image.trim()) continue;
      const path = root("spec", field).index(i).child("image");
      out.push(fieldError.invalid(path, image, "must not have leading or trailing whitespace"));
    }
  }
}
