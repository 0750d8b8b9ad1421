import { chmod, mkdir } from "node:fs/promises";
import type {
  ClusterTrustBundleProjection,
  Pod,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from "../../../api/types/index.ts";
import type { References } from "../../references.ts";
import { type ProjectedFile, type ProjectedFiles, showFiles } from "../files/atomic-writer.ts";
import { giveToGroup } from "../files/ownership.ts";
import { configMapFiles, downwardFiles, joinedProblems, secretFiles } from "../files/sources.ts";
import type { TokenCache } from "../files/token-cache.ts";
import { trustBundleText } from "../files/trust-bundles.ts";
import type { MadeVolume, MakeVolume, VolumeNode, VolumeRequest } from "../volume-kind.ts";
import { folderUsage } from "../volume-usage.ts";
import { memoryBytes, mountMemory } from "./empty-dir.ts";

const defaultFileMode = 0o644;
/** What only the pod's own user or group is to read, when the pod names one. */
const privateMode = 0o600;

interface Projection {
  readonly plugin: string;
  readonly onDisk?: boolean;
  readonly sources: readonly VolumeProjection[];
  readonly defaultMode: number;
}

/** Volumes whose files are made from objects of the API: configMap, secret, downwardAPI, and projected, which mixes them. */
export function projectedVolumes(tokens: TokenCache): MakeVolume {
  return async (request, references) => {
    const projection = projectionOf(request.volume);
    const { node, pod, specName } = request;
    const folder = node.layout.volume(pod.metadata.uid ?? "", projection.plugin, specName);
    // What is missing is found before anything is made.
    const files = await filesOf(pod, projection, { node, references, tokens });
    await mkdir(folder, { recursive: true, mode: 0o750 });
    // Secrets and the like are never written to the disk.
    if (projection.onDisk !== true) await mountMemory(node, folder, memoryBytes(pod, undefined, node.allocatable()));
    await chmod(folder, 0o777);
    await show(request, folder, files);
    return {
      path: folder,
      readOnly: true,
      usage: () => folderUsage(folder),
      refresh: async (newest, fresh) => {
        const latest = await filesOf(newest, projection, { node, references: fresh, tokens });
        await show({ ...request, pod: newest }, folder, latest);
      },
    } satisfies MadeVolume;
  };
}

async function show({ node, pod }: VolumeRequest, folder: string, files: ProjectedFiles): Promise<void> {
  const gid = pod.spec?.securityContext?.fsGroup;
  const settle = async (fresh: string): Promise<void> => {
    if (gid !== undefined) await giveToGroup(fresh, { gid, readOnly: true });
  };
  const wrote = await showFiles(folder, files, node.host.clock.now(), settle);
  if (wrote && gid !== undefined) await giveToGroup(folder, { gid, readOnly: true });
}

function projectionOf({ configMap, secret, downwardAPI, projected }: Volume): Projection {
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
  const { defaultMode = defaultFileMode, sources = [] } = projected ?? {};
  return { plugin: "kubernetes.io/projected", defaultMode, sources };
}

interface Sources {
  readonly node: VolumeNode;
  readonly references: References;
  readonly tokens: TokenCache;
}

/** @throws Error with all that is missing */
async function filesOf(pod: Pod, { sources, defaultMode }: Projection, from: Sources): Promise<ProjectedFiles> {
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
  { client }: VolumeNode,
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
