import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isConfigMapKey, isDNS1123Subdomain, isRelaxedEnvVarName } from "../../meta/index.ts";
import type { EnvFromSource, EnvVar, EnvVarSource } from "../../types/index.ts";
import { checkWith } from "../field-checks.ts";
import { checkFieldRef, checkResourceFieldRef, envFields } from "./field-ref.ts";
import { checkNonReservedPath } from "./paths.ts";

export function checkEnv(env: readonly EnvVar[] | undefined, path: FieldPath, out: FieldError[]): void {
  for (const [i, variable] of (env ?? []).entries()) {
    const at = path.index(i);
    if (!variable.name) out.push(fieldError.required(at.child("name"), ""));
    else checkWith(isRelaxedEnvVarName(variable.name), variable.name, at.child("name"), out);
    if (variable.valueFrom) checkValueFrom(variable, variable.valueFrom, at.child("valueFrom"), out);
  }
}

function checkValueFrom(variable: EnvVar, source: EnvVarSource, path: FieldPath, out: FieldError[]): void {
  let sources = 0;
  if (source.fieldRef) {
    sources++;
    checkFieldRef(source.fieldRef, envFields, path.child("fieldRef"), out);
  }
  if (source.resourceFieldRef) {
    sources++;
    checkResourceFieldRef(source.resourceFieldRef, false, path.child("resourceFieldRef"), out);
  }
  if (source.configMapKeyRef) {
    sources++;
    checkKeySelector(source.configMapKeyRef, path.child("configMapKeyRef"), out);
  }
  if (source.secretKeyRef) {
    sources++;
    checkKeySelector(source.secretKeyRef, path.child("secretKeyRef"), out);
  }
  if (source.fileKeyRef) {
    sources++;
    checkFileKey(source.fileKeyRef, path.child("fileKeyRef"), out);
  }
  if (sources === 0) {
    const detail =
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
    out.push(fieldError.invalid(path, "", detail));
  } else if (variable.value) {
    out.push(fieldError.invalid(path, "", "may not be specified when `value` is not empty"));
  } else if (sources > 1) {
    out.push(fieldError.invalid(path, "", "may not have more than one field specified at a time"));
  }
}

function checkKeySelector(ref: { name?: string; key?: string }, path: FieldPath, out: FieldError[]): void {
  const name = ref.name ?? "";
  checkWith(isDNS1123Subdomain(name), name, path.child("name"), out);
  if (!ref.key) out.push(fieldError.required(path.child("key"), ""));
  else checkWith(isConfigMapKey(ref.key), ref.key, path.child("key"), out);
}

function checkFileKey(
  ref: { key?: string; path?: string; volumeName?: string },
  path: FieldPath,
  out: FieldError[],
): void {
  if (!ref.key) out.push(fieldError.required(path.child("key"), ""));
  else checkWith(isRelaxedEnvVarName(ref.key), ref.key, path.child("key"), out);
  if (!ref.volumeName) out.push(fieldError.required(path.child("volumeName"), ""));
  if (!ref.path) out.push(fieldError.required(path.child("path"), ""));
  else checkNonReservedPath(ref.path, path.child("path"), out);
}

export function checkEnvFrom(sources: readonly EnvFromSource[] | undefined, path: FieldPath, out: FieldError[]): void {
  for (const [i, source] of (sources ?? []).entries()) {
    const at = path.index(i);
    if (source.prefix) checkWith(isRelaxedEnvVarName(source.prefix), source.prefix, at.child("prefix"), out);
    let count = 0;
    if (source.configMapRef) {
      count++;
      checkSourceName(source.configMapRef.name, at.child("configMapRef", "name"), out);
    }
    if (source.secretRef) {
      count++;
      checkSourceName(source.secretRef.name, at.child("secretRef", "name"), out);
    }
    if (count === 0) out.push(fieldError.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (count > 1) {
      out.push(fieldError.invalid(path, "", "may not have more than one field specified at a time"));
    }
  }
}

function checkSourceName(name: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!name) out.push(fieldError.required(path, ""));
  else checkWith(isDNS1123Subdomain(name), name, path, out);
}
