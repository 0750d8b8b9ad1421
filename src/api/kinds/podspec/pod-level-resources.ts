import type { FieldError, FieldPath } from "../../meta/index.ts";
import { compareQuantity, fieldError, parseQuantity } from "../../meta/index.ts";
import type { PodSpec } from "../../types/index.ts";
import { containerRequests, isPodLevelResource } from "./pod-resources.ts";
import { checkResourceRequirements, type NameCheck } from "./resources.ts";

const supported = ["cpu", "memory"];

const checkName: NameCheck = (name, path, out) => {
  if (!isPodLevelResource(name)) out.push(fieldError.notSupported(path, name, supported));
};

/** Resources of the pod as a whole: no less than its containers request together. */
export function checkPodLevelResources(spec: PodSpec, path: FieldPath, out: FieldError[]): void {
  const resources = spec.resources;
  if (!resources) return;
  if (resources.claims)
    out.push(fieldError.forbidden(path.child("claims"), "claims may not be set for Resources at pod-level"));
  checkResourceRequirements(resources, path, out, checkName);
  for (const [name, together] of Object.entries(containerRequests(spec))) {
    const { requests = {} } = resources;
    const own = Object.hasOwn(requests, name) ? requests[name] : undefined;
    if (own === undefined || compareQuantity(parseQuantity(own), parseQuantity(together)) >= 0) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${together}`;
    out.push(fieldError.invalid(path.child("requests").key(name), own, detail));
  }
}
