import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isQualifiedName, parseQuantity, quantitySign } from "../../meta/index.ts";
import type { ObjectFieldSelector, ResourceFieldSelector } from "../../types/index.ts";
import { checkWith } from "../field-checks.ts";

/** Fields of the pod that an environment variable may show. */
export const envFields = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
] as const;

/** Fields of the pod that a file may show. */
export const volumeFields = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
] as const;

const knownFields: ReadonlySet<string> = new Set([
  ...envFields,
  ...volumeFields,
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
]);

export function checkFieldRef(
  ref: ObjectFieldSelector,
  supported: readonly string[],
  path: FieldPath,
  out: FieldError[],
): void {
  if (!ref.apiVersion) return void out.push(fieldError.required(path.child("apiVersion"), ""));
  if (!ref.fieldPath) return void out.push(fieldError.required(path.child("fieldPath"), ""));
  const subscripted = /^(.*)\['([^']*)'\]$/.exec(ref.fieldPath);
  const problem = conversionProblem(ref, subscripted);
  if (problem !== undefined) {
    out.push(fieldError.invalid(path.child("fieldPath"), ref.fieldPath, `error converting fieldPath: ${problem}`));
    return;
  }
  if (subscripted) checkSubscript(subscripted[1] ?? "", subscripted[2] ?? "", path, out);
  else if (!supported.includes(ref.fieldPath)) {
    out.push(fieldError.notSupported(path.child("fieldPath"), ref.fieldPath, supported));
  }
}

function conversionProblem(ref: ObjectFieldSelector, subscripted: RegExpExecArray | null): string | undefined {
  if (ref.apiVersion !== "v1") return `unsupported pod version: ${ref.apiVersion}`;
  if (subscripted) {
    const field = subscripted[1];
    if (field === "metadata.annotations" || field === "metadata.labels") return undefined;
    return `field label does not support subscript: ${ref.fieldPath}`;
  }
  return knownFields.has(ref.fieldPath) ? undefined : `field label not supported: ${ref.fieldPath}`;
}

function checkSubscript(field: string, key: string, path: FieldPath, out: FieldError[]): void {
  checkWith(isQualifiedName(field === "metadata.annotations" ? key.toLowerCase() : key), key, path, out);
}

const containerResources = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
] as const;

const hugePages = /^(limits|requests)\.hugepages-/;

const byteDivisors = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

export function checkResourceFieldRef(
  ref: ResourceFieldSelector,
  inVolume: boolean,
  path: FieldPath,
  out: FieldError[],
): void {
  if (inVolume && !ref.containerName) out.push(fieldError.required(path.child("containerName"), ""));
  else if (!ref.resource) out.push(fieldError.required(path.child("resource"), ""));
  else if (!(containerResources as readonly string[]).includes(ref.resource) && !hugePages.test(ref.resource)) {
    out.push(fieldError.notSupported(path.child("resource"), ref.resource, containerResources));
  }
  checkDivisor(ref, path.child("divisor"), out);
}

function checkDivisor(ref: ResourceFieldSelector, path: FieldPath, out: FieldError[]): void {
  const divisor = ref.divisor;
  if (divisor === undefined || quantitySign(parseQuantity(divisor)) === 0) return;
  const resource = ref.resource ?? "";
  if (resource.endsWith(".cpu")) {
    if (divisor === "1" || divisor === "1m") return;
    const detail = "only divisor's values 1m and 1 are supported with the cpu resource";
    out.push(fieldError.invalid(path, resource, detail));
  } else if (/\.(memory|ephemeral-storage|hugepages-.*)$/.test(resource) && !byteDivisors.includes(divisor)) {
    const name = resource.endsWith(".memory")
      ? "memory"
      : resource.endsWith(".ephemeral-storage")
        ? "local ephemeral storage"
        : "hugepages";
    const detail = `only divisor's values ${byteDivisors.join(", ")} are supported with the ${name} resource`;
    out.push(fieldError.invalid(path, resource, detail));
  }
}
