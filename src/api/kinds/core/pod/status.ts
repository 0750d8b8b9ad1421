import type { FieldError } from "../../../meta/index.ts";
import { deepEqual, fieldError, isDNS1123Subdomain, isQualifiedName, isValidIP, root } from "../../../meta/index.ts";
import type { ContainerStatus, Pod } from "../../../types/index.ts";
import { checkWith } from "../../field-checks.ts";

const path = root("status");

/** What the kubelet and the scheduler report: well-formed, and no ended container runs again where none may. */
export function checkPodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const out: FieldError[] = [];
  const status = pod.status ?? {};
  if (status.nominatedNodeName) {
    const name = status.nominatedNodeName;
    checkWith(isDNS1123Subdomain(name), name, path.child("nominatedNodeName"), out);
  }
  if (pod.spec.nodeName !== old.spec.nodeName) {
    out.push(fieldError.forbidden(path.child("nodeName"), "may not be changed directly"));
  }
  for (const [i, condition] of (status.conditions ?? []).entries()) {
    const type = condition.type ?? "";
    checkWith(isQualifiedName(type), type, path.child("conditions").index(i).child("type"), out);
  }
  if (pod.spec.restartPolicy !== "Always") {
    checkNotRestarted(status.containerStatuses, old.status?.containerStatuses, pod, out);
  }
  checkIPs(pod, out);
  return out;
}

/** A container that ended stays ended when its pod never restarts it. */
function checkNotRestarted(
  statuses: readonly ContainerStatus[] | undefined,
  before: readonly ContainerStatus[] | undefined,
  pod: Pod,
  out: FieldError[],
): void {
  const byName = new Map((statuses ?? []).map((status) => [status.name, status]));
  for (const old of before ?? []) {
    const ended = old.state?.terminated;
    if (!ended || (pod.spec.restartPolicy === "OnFailure" && ended.exitCode !== 0)) continue;
    const status = byName.get(old.name);
    if (!status || deepEqual(status.state?.terminated, ended) || status.state?.terminated) continue;
    const at = path
      .child("containerStatuses")
      .index((statuses ?? []).indexOf(status))
      .child("state");
    out.push(fieldError.forbidden(at, "may not be transitioned to non-terminated state"));
  }
}

const podIPsMax = 2;

function checkIPs(pod: Pod, out: FieldError[]): void {
  const ips = pod.status?.podIPs ?? [];
  for (const [i, { ip = "" }] of ips.entries()) checkWith(isValidIP(ip), ip, path.child("podIPs").index(i), out);
  if (ips.length > podIPsMax) {
    const detail = "may specify no more than one IP for each IP family";
    out.push(fieldError.invalid(path.child("podIPs"), ips, detail));
  }
}
