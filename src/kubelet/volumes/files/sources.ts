import type { ConfigMap, DownwardAPIVolumeFile, KeyToPath, Pod, Secret } from "../../../api/types/index.ts";
import { containerNamed, containerResource, podField } from "../../downward-api.ts";
import type { ProjectedFile, ProjectedFiles } from "./atomic-writer.ts";

/** Files of a volume made from objects of the API. Pure: what is referred to was read before. */
export interface KeyChoice {
  /** Which keys, at which paths; all under their own names when left out. */
  readonly items?: readonly KeyToPath[];
  readonly defaultMode: number;
  /** Keys that are missing are passed over. */
  readonly optional: boolean;
}

/** @throws Error that names a key which is missing */
export function configMapFiles(configMap: ConfigMap, choice: KeyChoice): ProjectedFiles {
  const data = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(configMap.data ?? {})) data.set(key, Buffer.from(text));
  for (const [key, text] of Object.entries(configMap.binaryData ?? {})) data.set(key, Buffer.from(text, "base64"));
  return chosenFiles(data, choice, "configmap references non-existent config key");
}

/** @throws Error that names a key which is missing */
export function secretFiles(secret: Secret, choice: KeyChoice): ProjectedFiles {
  const entries = Object.entries(secret.data ?? {});
  const data = new Map<string, Uint8Array>(entries.map(([key, text]) => [key, Buffer.from(text, "base64")]));
  return chosenFiles(data, choice, "references non-existent secret key");
}

function chosenFiles(
  data: ReadonlyMap<string, Uint8Array>,
  { items, defaultMode, optional }: KeyChoice,
  missing: string,
): ProjectedFiles {
  const files = new Map<string, ProjectedFile>();
  if (items === undefined || items.length === 0) {
    for (const [key, bytes] of data) files.set(key, { data: bytes, mode: defaultMode });
    return files;
  }
  for (const { key, path, mode = defaultMode } of items) {
    const bytes = data.get(key);
    if (bytes !== undefined) files.set(path, { data: bytes, mode });
    else if (!optional) throw new Error(`${missing}: ${key}`);
  }
  return files;
}

/** @throws Error for a field that pods do not have, or a container that is not there */
export function downwardFiles(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  defaultMode: number,
  allocatable: Readonly<Record<string, string>>,
): ProjectedFiles {
  const files = new Map<string, ProjectedFile>();
  for (const item of items) {
    const text = downwardText(pod, item, allocatable);
    files.set(item.path, { data: Buffer.from(text), mode: item.mode ?? defaultMode });
  }
  return files;
}

function downwardText(
  pod: Pod,
  { fieldRef, resourceFieldRef }: DownwardAPIVolumeFile,
  allocatable: Readonly<Record<string, string>>,
): string {
  if (fieldRef !== undefined) {
    return podField(pod, fieldRef.fieldPath, { podIPs: [], hostIPs: [] });
  }
  if (resourceFieldRef === undefined) return "";
  const { containerName = "" } = resourceFieldRef;
  const container = containerNamed(pod, containerName);
  if (container === undefined) throw new Error(`container ${containerName} not found`);
  return containerResource(pod, container, resourceFieldRef, allocatable);
}

/** Several problems as one: each on its own, or in a list. */
export function joinedProblems(problems: readonly string[]): string {
  const distinct = [...new Set(problems)];
  return distinct.length === 1 ? (distinct[0] ?? "") : `[${distinct.join(", ")}]`;
}
