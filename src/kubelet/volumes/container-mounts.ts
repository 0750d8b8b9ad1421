import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { Container, Pod, VolumeMount } from "../../api/types/index.ts";
import { undefinedIfAbsent } from "../../host/index.ts";
import { expand } from "../expansion.ts";
import type { Mount } from "../runtime/runtime.ts";
import type { VolumeLayout } from "./layout.ts";
import type { Mounter } from "./mounting/mounter.ts";
import { bindSubPath, makeSubPath } from "./mounting/sub-path.ts";
import type { MadeVolume } from "./volume-kind.ts";
import { type Environment, VolumeError } from "./volume-manager.ts";

export interface ContainerMounts {
  readonly pod: Pod;
  readonly container: Container;
  readonly environment: Environment;
  readonly layout: VolumeLayout;
  readonly mounter: Mounter;
  /** Whether the runtime can make a mount read-only with all below it. */
  readonly recursiveReadOnly: boolean;
  /** Told what users are not: why a path could not be bound. */
  log(message: string, error: unknown): void;
}

/** What a container sees of its pod's volumes. @throws VolumeError */
export async function containerMounts(
  request: ContainerMounts,
  made: ReadonlyMap<string, MadeVolume>,
): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  for (const [index, mount] of (request.container.volumeMounts ?? []).entries()) {
    const volume = made.get(mount.name);
    if (volume === undefined) {
      throw new VolumeError(
        `cannot find volume ${JSON.stringify(mount.name)} to mount into container ${JSON.stringify(request.container.name)}`,
      );
    }
    mounts.push(await mountOf(request, mount, index, volume));
  }
  return mounts;
}

async function mountOf(
  request: ContainerMounts,
  mount: VolumeMount,
  index: number,
  volume: MadeVolume,
): Promise<Mount> {
  const subPath = subPathOf(mount, request.environment);
  const shared = {
    containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`,
    readonly: mount.readOnly === true || volume.readOnly,
    recursiveReadOnly: recursiveReadOnly(mount, request.recursiveReadOnly),
    propagation: propagationOf(mount.mountPropagation),
  };
  if (volume.image !== undefined) {
    return { ...shared, hostPath: "", image: volume.image, ...(subPath === "" ? {} : { imageSubPath: subPath }) };
  }
  const hostPath = subPath === "" ? volume.path : await hostPathOf(request, mount, subPath, index, volume);
  return { ...shared, hostPath };
}

/** Which part of a volume is mounted. @throws VolumeError when it would be outside, or names what is not there */
export function subPathOf({ subPath = "", subPathExpr = "" }: VolumeMount, environment: Environment): string {
  const path = subPathExpr === "" ? subPath : expanded(subPathExpr, environment);
  if (path.startsWith("/")) throw new VolumeError(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split("/").includes("..")) {
    throw new VolumeError(`unable to provision SubPath \`${path}\`: must not contain '..'`);
  }
  return path;
}

function expanded(expression: string, environment: Environment): string {
  const values = new Map(environment.map(({ key, value }) => [key, value]));
  const missing = new Set<string>();
  const text = expand(expression, (name) => {
    const value = values.get(name);
    if (value === undefined) missing.add(name);
    return value;
  });
  if (missing.size > 0) throw new VolumeError(`missing value for ${JSON.stringify([...missing].sort().join(", "))}`);
  return text;
}

async function hostPathOf(
  { pod, container, layout, mounter, log }: ContainerMounts,
  mount: VolumeMount,
  path: string,
  index: number,
  volume: MadeVolume,
): Promise<string> {
  const which = `volumeMount ${JSON.stringify(mount.name)} of container ${JSON.stringify(container.name)}`;
  try {
    const there = await lstat(join(volume.path, path)).catch(undefinedIfAbsent);
    if (there === undefined) await makeSubPath(volume.path, path);
  } catch (error) {
    log("a folder for a container could not be made in a volume", error);
    throw new VolumeError(`failed to create subPath directory for ${which}`, { cause: error });
  }
  try {
    const target = join(layout.subPaths(pod.metadata.uid ?? ""), mount.name, container.name, String(index));
    return await bindSubPath(mounter, { volumePath: volume.path, path, target });
  } catch (error) {
    log("a path in a volume could not be given to a container", error);
    throw new VolumeError(`failed to prepare subPath for ${which}`, { cause: error });
  }
}

function recursiveReadOnly(
  { name, readOnly, mountPropagation = "None", recursiveReadOnly: mode = "Disabled" }: VolumeMount,
  isSupported: boolean,
): boolean {
  if (mode === "Disabled") return false;
  const problem = (why: string): VolumeError => {
    const wants = `volume ${JSON.stringify(name)} requested recursive read-only mode, but it is`;
    return new VolumeError(`failed to resolve recursive read-only mode: ${wants} ${why}`);
  };
  if (readOnly !== true) throw problem("not read-only");
  if (mountPropagation !== "None") {
    throw problem(`not compatible with propagation ${JSON.stringify(mountPropagation)}`);
  }
  if (mode === "Enabled" && !isSupported) throw problem("not supported by the runtime");
  return isSupported;
}

function propagationOf(mode: string | undefined): Mount["propagation"] {
  if (mode === "Bidirectional") return "bidirectional";
  return mode === "HostToContainer" ? "hostToContainer" : "private";
}
