import { isReason, parseQuantity } from "../../api/meta/index.ts";
import type { Container, EnvVarSource, Pod, Secret } from "../../api/types/index.ts";
import { podUid } from "../pod-worker/index.ts";
import type { References } from "../references.ts";

/** The environment of a container cannot be made as the pod asks for. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly podIPs: readonly string[];
  readonly hostIP: string;
  readonly references: References;
}

type Variables = { key: string; value: string }[];

/** Makes a container's environment. @throws EnvironmentError for what is referred to and missing. */
export async function environmentOf(input: EnvironmentInput): Promise<Variables> {
  const values = new Map<string, string>();
  const { container } = input;
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const data = await sourceData(input, configMapRef, secretRef);
    for (const [key, value] of Object.entries(data)) values.set(prefix + key, value);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const found = valueFrom == null ? expand(value ?? "", values) : await sourceValue(input, valueFrom);
    if (found !== undefined) values.set(name, found);
  }
  return [...values].map(([key, value]) => ({ key, value }));
}

interface Reference {
  readonly name?: string;
  readonly optional?: boolean;
}

async function sourceData(
  input: EnvironmentInput,
  configMapRef: Reference | undefined,
  secretRef: Reference | undefined,
): Promise<Record<string, string>> {
  if (configMapRef !== undefined) return (await configMapOf(input, configMapRef))?.data ?? {};
  if (secretRef !== undefined) return decoded(await secretOf(input, secretRef));
  return {};
}

async function sourceValue(input: EnvironmentInput, source: EnvVarSource): Promise<string | undefined> {
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = source;
  const namespace = input.pod.metadata.namespace ?? "";
  if (configMapKeyRef !== undefined) {
    const data = (await configMapOf(input, configMapKeyRef))?.data;
    return keyOfData(data, configMapKeyRef, `ConfigMap ${namespace}/${configMapKeyRef.name}`);
  }
  if (secretKeyRef !== undefined) {
    const data = decoded(await secretOf(input, secretKeyRef));
    return keyOfData(data, secretKeyRef, `Secret ${namespace}/${secretKeyRef.name}`);
  }
  if (fieldRef !== undefined) return fieldOf(input, fieldRef.fieldPath);
  if (resourceFieldRef !== undefined) {
    return resourceOf(input.container, resourceFieldRef.resource, resourceFieldRef.divisor);
  }
  return undefined;
}

async function configMapOf({ pod, references }: EnvironmentInput, { name = "", optional }: Reference) {
  const found = await references.configMap(pod.metadata.namespace ?? "", name).catch(absentIfForbidden);
  if (found === undefined && optional !== true)
    throw new EnvironmentError(`configmap ${JSON.stringify(name)} not found`);
  return found;
}

async function secretOf({ pod, references }: EnvironmentInput, { name = "", optional }: Reference) {
  const found = await references.secret(pod.metadata.namespace ?? "", name).catch(absentIfForbidden);
  if (found === undefined && optional !== true) throw new EnvironmentError(`secret ${JSON.stringify(name)} not found`);
  return found;
}

/** A node may read only what its pods refer to; before the API server knows of the pod it refuses. */
function absentIfForbidden(error: unknown): undefined {
  if (isReason(error, "Forbidden")) return undefined;
  throw error;
}

function keyOfData(
  data: Record<string, string> | undefined,
  { key, optional }: { readonly key: string; readonly optional?: boolean },
  owner: string,
): string | undefined {
  const value = data?.[key];
  if (value === undefined && optional !== true) throw new EnvironmentError(`couldn't find key ${key} in ${owner}`);
  return value;
}

function decoded(secret: Secret | undefined): Record<string, string> {
  const entries = Object.entries(secret?.data ?? {});
  return Object.fromEntries(entries.map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]));
}

function fieldOf({ pod, podIPs, hostIP }: EnvironmentInput, path: string): string {
  const { metadata, spec } = pod;
  const indexed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (indexed !== null) {
    return (indexed[1] === "labels" ? metadata.labels : metadata.annotations)?.[indexed[2] ?? ""] ?? "";
  }
  switch (path) {
    case "metadata.name":
      return metadata.name ?? "";
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return podUid(pod);
    case "spec.nodeName":
      return spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return spec?.serviceAccountName ?? "";
    case "status.hostIP":
    case "status.hostIPs":
      return hostIP;
    case "status.podIP":
      return podIPs[0] ?? "";
    case "status.podIPs":
      return podIPs.join(",");
    default:
      throw new EnvironmentError(`unsupported fieldPath: ${path}`);
  }
}

/** An amount in whole divisors (one unit when none is given), rounded up; undefined without a limit. */
function resourceOf({ resources }: Container, resource: string, divisor: string | undefined): string | undefined {
  const [list, name = ""] = resource.split(".");
  const amount = list === "limits" ? resources?.limits?.[name] : (resources?.requests?.[name] ?? "0");
  if (amount === undefined) return undefined;
  const units = nanoOf(amount);
  const each = divisor === undefined ? 0n : nanoOf(divisor);
  const divided = each === 0n ? nanoOf("1") : each;
  return String((units + divided - 1n) / divided);
}

function nanoOf(text: string | number): bigint {
  return parseQuantity(text).nano;
}

/** A command or arguments with the container's variables filled in. */
export function expandAll(
  texts: readonly string[] | undefined,
  environment: readonly { readonly key: string; readonly value: string }[],
): string[] | undefined {
  if (texts === undefined) return undefined;
  const values = new Map(environment.map(({ key, value }) => [key, value]));
  return texts.map((text) => expand(text, values));
}

/** `$(NAME)` of variables before it; `$$(` is a dollar. */
function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$|\(([^)]+)\))/g, (whole, after: string, name: string | undefined) =>
    after === "$" ? "$" : (values.get(name ?? "") ?? whole),
  );
}
