import { localPriority } from "../../../api/kinds/index.ts";
import type { APIService } from "../../../api/types/index.ts";

/** Who keeps an APIService: `onstart` written when a server starts, `true` always as it should be; others are people's own. */
export const managedLabel = "kube-aggregator.kubernetes.io/automanaged";

export function apiServiceName(group: string, version: string): string {
  return `${version}.${group}`;
}

/** Of group versions whose priority does not follow from how stable they are. */
const versionPriorities: ReadonlyMap<string, number> = new Map([
  ["v1.", 1],
  ["v1alpha1.admissionregistration.k8s.io", 9],
  ["v1beta1.admissionregistration.k8s.io", 12],
  ["v2.autoscaling", 30],
  ["v1alpha2.coordination.k8s.io", 12],
  ["v1beta1.coordination.k8s.io", 13],
  ["v1.flowcontrol.apiserver.k8s.io", 21],
  ["v1alpha1.internal.apiserver.k8s.io", 9],
  ["v1.resource.k8s.io", 20],
  ["v1beta2.resource.k8s.io", 15],
  ["v1alpha2.scheduling.k8s.io", 9],
]);
const stablePriority = 15;
const betaPriority = 9;
const alphaPriority = 1;

/** What the APIService of a group version that is served here says of its order. */
export function localPriorities(
  group: string,
  version: string,
): {
  readonly groupPriorityMinimum: number;
  readonly versionPriority: number;
  readonly isBuiltin: boolean;
} {
  const { groupPriorityMinimum, versionPriority } = localPriority(group);
  if (groupPriorityMinimum <= customGroupPriority) return { groupPriorityMinimum, versionPriority, isBuiltin: false };
  const known = versionPriorities.get(apiServiceName(group, version));
  return { groupPriorityMinimum, versionPriority: known ?? byStability(version), isBuiltin: true };
}

/** All groups of custom resources have it. */
const customGroupPriority = 1000;

function byStability(version: string): number {
  if (version.includes("alpha")) return alphaPriority;
  return version.includes("beta") ? betaPriority : stablePriority;
}

/** An APIService that another server stands behind. */
export type RemoteService = APIService & { readonly spec: { readonly service: object } };

export function isRemote(service: APIService): service is RemoteService {
  return service.spec.service != null;
}

export function isAvailable({ status }: APIService): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") ?? false;
}
