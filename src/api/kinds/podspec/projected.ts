import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { DownwardAPIVolumeFile, KeyToPath, ProjectedVolumeSource, VolumeProjection } from "../../types/index.ts";
import { checkFieldRef, checkResourceFieldRef, volumeFields } from "./field-ref.ts";
import { checkFileMode, checkNonReservedPath } from "./paths.ts";

const tokenSecondsMin = 10 * 60;
const tokenSecondsMax = 2 ** 32;

export function checkProjected(source: ProjectedVolumeSource, path: FieldPath, out: FieldError[]): void {
  checkFileMode(source.defaultMode, path.child("defaultMode"), out);
  const paths = new Set<string>();
  for (const [i, projection] of (source.sources ?? []).entries()) {
    checkProjection(projection, path, path.child("sources").index(i), paths, out);
  }
}

function checkProjection(
  projection: VolumeProjection,
  path: FieldPath,
  at: FieldPath,
  paths: Set<string>,
  out: FieldError[],
): void {
  const claim = (target: string | undefined, shown: string) => {
    if (!target) return;
    if (paths.has(target)) out.push(fieldError.invalid(path, shown, "conflicting duplicate paths"));
    paths.add(target);
  };
  let sources = 0;
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = projection;
  for (const [name, named] of [
    ["secret", secret],
    ["configMap", configMap],
  ] as const) {
    if (!named) continue;
    sources++;
    if (!named.name) out.push(fieldError.required(at.child(name, "name"), ""));
    for (const [i, item] of (named.items ?? []).entries()) {
      checkKeyToPath(item, at.child(name, "items").index(i), out);
      claim(item.path, named.name ?? "");
    }
  }
  if (downwardAPI) {
    sources++;
    for (const item of downwardAPI.items ?? []) {
      checkDownwardFile(item, at.child("downwardAPI"), out);
      claim(item.path, item.path);
    }
  }
  if (serviceAccountToken) {
    sources++;
    checkTokenProjection(serviceAccountToken, at.child("serviceAccountToken"), out);
    claim(serviceAccountToken.path, serviceAccountToken.path);
  }
  if (clusterTrustBundle) {
    sources++;
    if (!clusterTrustBundle.path) out.push(fieldError.required(at.child("clusterTrustBundle", "path"), ""));
    else checkNonReservedPath(clusterTrustBundle.path, at.child("clusterTrustBundle", "path"), out);
    claim(clusterTrustBundle.path, clusterTrustBundle.path);
  }
  if (podCertificate) sources++;
  if (sources > 1) out.push(fieldError.forbidden(at, "may not specify more than 1 volume type"));
}

function checkTokenProjection(
  token: { expirationSeconds?: number; path: string },
  path: FieldPath,
  out: FieldError[],
): void {
  const seconds = token.expirationSeconds ?? 0;
  const at = path.child("expirationSeconds");
  if (seconds < tokenSecondsMin) {
    out.push(fieldError.invalid(at, seconds, "may not specify a duration less than 10 minutes"));
  }
  if (seconds > tokenSecondsMax) {
    out.push(fieldError.invalid(at, seconds, "may not specify a duration larger than 2^32 seconds"));
  }
  if (!token.path) out.push(fieldError.required(path.child("path"), ""));
  else checkNonReservedPath(token.path, path.child("path"), out);
}

export function checkKeyToPath(item: KeyToPath, path: FieldPath, out: FieldError[]): void {
  if (!item.key) out.push(fieldError.required(path.child("key"), ""));
  if (!item.path) out.push(fieldError.required(path.child("path"), ""));
  checkNonReservedPath(item.path ?? "", path.child("path"), out);
  checkFileMode(item.mode, path.child("mode"), out);
}

export function checkDownwardFile(file: DownwardAPIVolumeFile, path: FieldPath, out: FieldError[]): void {
  if (!file.path) out.push(fieldError.required(path.child("path"), ""));
  checkNonReservedPath(file.path ?? "", path.child("path"), out);
  if (file.fieldRef) {
    checkFieldRef(file.fieldRef, volumeFields, path.child("fieldRef"), out);
    if (file.resourceFieldRef) {
      const detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
      out.push(fieldError.invalid(path, "resource", detail));
    }
  } else if (file.resourceFieldRef) {
    checkResourceFieldRef(file.resourceFieldRef, true, path.child("resourceFieldRef"), out);
  } else out.push(fieldError.required(path, "one of fieldRef and resourceFieldRef is required"));
  checkFileMode(file.mode, path.child("mode"), out);
}
