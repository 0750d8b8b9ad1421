import type {
  ClusterTrustBundleProjection,
  Pod,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from "../../../api/types/index.ts";
import type { References } from "../../references.ts";
import type { VolumeNode } from "../volume-kind.ts";
import type { ProjectedFile, ProjectedFiles } from "./atomic-writer.ts";
import { configMapFiles, downwardFiles, joinedProblems, secretFiles } from "./sources.ts";
import type { TokenCache } from "./token-cache.ts";
import { trustBundleText } from "./trust-bundles.ts";

const defaultFileMode = 0o644;
/** What only the pod's own user or group is to read, when the pod names one. */
const privateMode = 0o600;

/** The files of a volume of the kinds configMap, secret, downwardAPI and projected: what they are made from. */
export interface Projection {
  readonly plugin: string;
  readonly onDisk?: boolean;
  readonly sources: readonly VolumeProjection[];
  readonly defaultMode: number;
}

export function projectionOf({ configMap, secret, downwardAPI, projected }: Volume): Projection {
  if (configMap !== undefined) {
    const { defaultMode = defaultFileMode, ...source } = configMap;
    return { plugin: "kubernetes.io/configmap", onDisk: true, defaultMode, sources: [{ configMap: source }] };
  }
  if (secret !== undefined) {
    const { defaultMode = defaultFileMode, secretName, items, optional } = secret;
    const source = { name: secretName, items, optional };
    return { plugin: "kubernetes.io/secret", defaultMode, sources: [{ secret: source }] };
  }
  if (downwardAPI !== undefined) {
    const { defaultMode = defaultFileMode, items } = downwardAPI;
    return { plugin: "kubernetes.io/downward-api", defaultMode, sources: [{ downwardAPI: { items } }] };
  }
  const { defaultMode = defaultFileMode, sources } = projected ?? {};
  return { plugin: "kubernetes.io/projected", defaultMode, sources: sources ?? [] };
}

export interface Sources {
  readonly node: Pick<VolumeNode, "client" | "allocatable">;
  readonly references: References;
  readonly tokens: TokenCache;
}

/** Reads what they are made from. @throws Error with all that is missing */
export async function projectedFiles(
  pod: Pod,
  { sources, defaultMode }: Projection,
  from: Sources,
): Promise<ProjectedFiles> {
  const files = new Map<string, ProjectedFile>();
  const problems: string[] = [];
  for (const source of sources) {
    try {
      for (const [path, file] of await sourceFiles(pod, source, defaultMode, from)) files.set(path, file);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (problems.length > 0) throw new Error(joinedProblems(problems));
  return files;
}

const noFiles: ProjectedFiles = new Map();

async function sourceFiles(
  pod: Pod,
  source: VolumeProjection,
  defaultMode: number,
  from: Sources,
): Promise<ProjectedFiles> {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  const { namespace = "" } = pod.metadata;
  if (configMap !== undefined) {
    const { name = "", items, optional = false } = configMap;
    const found = await from.references.configMap(namespace, name);
    if (found === undefined && !optional) throw new Error(`configmap ${JSON.stringify(name)} not found`);
    return found === undefined ? noFiles : configMapFiles(found, { items, optional, defaultMode });
  }
  if (secret !== undefined) {
    const { name = "", items, optional = false } = secret;
    const found = await from.references.secret(namespace, name);
    if (found === undefined && !optional) throw new Error(`secret ${JSON.stringify(name)} not found`);
    return found === undefined ? noFiles : secretFiles(found, { items, optional, defaultMode });
  }
  if (downwardAPI !== undefined) {
    return downwardFiles(pod, downwardAPI.items ?? [], defaultMode, from.node.allocatable());
  }
  if (serviceAccountToken !== undefined) return tokenFiles(pod, serviceAccountToken, defaultMode, from.tokens);
  if (clusterTrustBundle !== undefined) {
    return trustFiles(pod, clusterTrustBundle, defaultMode, from.node);
  }
  if (podCertificate !== undefined) {
    throw new Error("podCertificate projections are not supported on this node");
  }
  return noFiles;
}

async function tokenFiles(
  pod: Pod,
  source: ServiceAccountTokenProjection,
  defaultMode: number,
  tokens: TokenCache,
): Promise<ProjectedFiles> {
  const { token } = await tokens.held(pod, source);
  return new Map([[source.path, { data: Buffer.from(token), ...ownerOf(pod, defaultMode) }]]);
}

async function trustFiles(
  pod: Pod,
  source: ClusterTrustBundleProjection,
  defaultMode: number,
  { client }: Sources["node"],
): Promise<ProjectedFiles> {
  const text = await trustBundleText(client, source);
  return new Map([[source.path, { data: Buffer.from(text), ...ownerOf(pod, defaultMode) }]]);
}

/** A pod that runs as one user or has a group can read what others need not. */
function ownerOf(pod: Pod, defaultMode: number): Pick<ProjectedFile, "mode" | "uid"> {
  const uid = onlyUser(pod);
  const isPrivate = uid !== undefined || pod.spec?.securityContext?.fsGroup !== undefined;
  return { mode: isPrivate ? privateMode : defaultMode, uid };
}

/** Whom all containers run as; undefined when it differs, or one does not say. */
function onlyUser({ spec }: Pod): number | undefined {
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])];
  const users = all.map(({ securityContext }) => securityContext?.runAsUser ?? spec?.securityContext?.runAsUser);
  return users.every((user) => user === users[0]) ? users[0] : undefined;
}
