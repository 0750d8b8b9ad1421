import type { Pod } from "../../../types/index.ts";

export const podSelectableFields = [
  "spec.nodeName",
  "spec.restartPolicy",
  "spec.schedulerName",
  "spec.serviceAccountName",
  "spec.hostNetwork",
  "status.phase",
  "status.podIP",
  "status.podIPs",
  "status.nominatedNodeName",
] as const;

export function podFieldValue(pod: Pod, field: string): string | undefined {
  const { spec, status } = pod;
  switch (field) {
    case "spec.nodeName":
      return spec.nodeName ?? "";
    case "spec.restartPolicy":
      return spec.restartPolicy ?? "";
    case "spec.schedulerName":
      return spec.schedulerName ?? "";
    case "spec.serviceAccountName":
      return spec.serviceAccountName ?? "";
    case "spec.hostNetwork":
      return String(spec.hostNetwork ?? false);
    case "status.phase":
      return status?.phase ?? "";
    case "status.podIP":
    case "status.podIPs":
      return status?.podIPs?.[0]?.ip ?? status?.podIP ?? "";
    case "status.nominatedNodeName":
      return status?.nominatedNodeName ?? "";
    default:
      return undefined;
  }
}
