import { isReason } from "../../api/meta/index.ts";
import type { Container, EnvVarSource, FileKeySelector, Pod, Secret } from "../../api/types/index.ts";
import { containerNamed, containerResource, podField } from "../downward-api.ts";
import { expand } from "../expansion.ts";
import type { References } from "../references.ts";
import { envFileValue } from "./env-file.ts";
import type { Variable } from "./service-environment.ts";

/** The environment of a container cannot be made as the pod asks for. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
  readonly references: References;
  /** By which the pod finds services. */
  readonly services: readonly Variable[];
  /** What pods may use of the node. */
  readonly allocatable: Readonly<Record<string, string>>;
  /** The text of a file in one of the pod's volumes; undefined when it is not there. */
  readVolumeFile(volumeName: string, path: string): Promise<string | undefined>;
}

/** Makes a container's environment. @throws EnvironmentError for what is referred to and missing. */
export async function environmentOf(input: EnvironmentInput): Promise<readonly Variable[]> {
  const values = new Map<string, string>();
  const { container, services } = input;
  const ofServices = new Map(services.map(({ key, value }) => [key, value]));
  const lookup = (name: string): string | undefined => values.get(name) ?? ofServices.get(name);
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const data = await sourceData(input, configMapRef, secretRef);
    for (const [key, value] of Object.entries(data)) values.set(prefix + key, value);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const found = valueFrom == null ? expand(value ?? "", lookup) : await sourceValue(input, valueFrom);
    if (found !== undefined) values.set(name, found);
  }
  const own = [...values].map(([key, value]) => ({ key, value }));
  return own.length === 0 ? services : [...own, ...services.filter(({ key }) => !values.has(key))];
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
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef, fileKeyRef } = source;
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
    const { containerName = "" } = resourceFieldRef;
    const container = containerName === "" ? input.container : containerNamed(input.pod, containerName);
    if (container === undefined) throw new EnvironmentError(`container ${containerName} not found`);
    return containerResource(input.pod, container, resourceFieldRef, input.allocatable);
  }
  return fileKeyRef === undefined ? undefined : fileValue(input, fileKeyRef);
}

function fieldOf({ pod, podIPs, hostIPs }: EnvironmentInput, path: string): string {
  try {
    return podField(pod, path, { podIPs, hostIPs });
  } catch (error) {
    throw new EnvironmentError(messageOf(error));
  }
}

async function fileValue(
  { readVolumeFile }: EnvironmentInput,
  { volumeName, path, key, optional }: FileKeySelector,
): Promise<string | undefined> {
  const text = await readVolumeFile(volumeName, path);
  const file = JSON.stringify(path);
  if (text === undefined && optional !== true) {
    throw new EnvironmentError(`failed to open environment variable file ${file}: no such file or directory`);
  }
  try {
    const value = envFileValue(text ?? "", key);
    if (value !== undefined && value !== "") return value;
  } catch (error) {
    throw new EnvironmentError(`couldn't parse environment variable file ${file}: ${messageOf(error)}`);
  }
  if (optional === true) return undefined;
  throw new EnvironmentError(`environment variable key ${JSON.stringify(key)} not found in file ${file}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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

/** A command or arguments with the container's variables filled in. */
export function expandAll(
  texts: readonly string[] | undefined,
  environment: readonly { readonly key: string; readonly value: string }[],
): string[] | undefined {
  if (texts === undefined) return undefined;
  const values = new Map(environment.map(({ key, value }) => [key, value]));
  return texts.map((text) => expand(text, (name) => values.get(name)));
}
