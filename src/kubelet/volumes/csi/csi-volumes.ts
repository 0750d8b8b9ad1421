import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isReason } from "../../../api/meta/index.ts";
import type { CSIDriver, Pod } from "../../../api/types/index.ts";
import { resources } from "../../../client/index.ts";
import { hasCode, undefinedIfAbsent } from "../../../host/index.ts";
import type { References } from "../../references.ts";
import { linkDevice } from "../device-links.ts";
import { giveToGroup } from "../files/ownership.ts";
import type { TokenCache } from "../files/token-cache.ts";
import { isMounted } from "../mounting/mounter.ts";
import {
  type MadeVolume,
  type MakeVolume,
  NotAttached,
  StepError,
  type VolumeNode,
  type VolumeRequest,
} from "../volume-kind.ts";
import {
  capacityRange,
  expansionBegun,
  expansionDone,
  expansionInfeasible,
  expansionOf,
  isInfeasible,
} from "./csi-expansion.ts";
import { CsiDevicePlaces, type CsiPlaces, csiPlaces, csiPlugin, csiStagingFolder } from "./csi-places.ts";
import { accessModeOf, type CsiSource, checkLifecycle, csiSource, groupPolicy, podContext } from "./csi-request.ts";
import { type CsiUsage, volumeUsageOf } from "./csi-usage.ts";
import type { CsiDriver, CsiDrivers } from "./drivers.ts";

const dataFile = "vol_data.json";

/** What the kubelet notes beside a volume, in the original's words, so that it can be taken away after a crash. */
interface VolumeData {
  readonly driverName: string;
  readonly volumeHandle: string;
  readonly specVolID: string;
  readonly nodeName: string;
  readonly attachmentID: string;
  readonly volumeLifecycleMode: "Persistent" | "Ephemeral";
}

/** Volumes that drivers mount: staged once for the node where the driver wants that, then published for each pod. */
export class CsiVolumes {
  readonly #node: VolumeNode;
  readonly #drivers: CsiDrivers;
  readonly #tokens: TokenCache;
  /** The last thing that is done to each staged volume: staging and unstaging it must not meet. */
  readonly #staging = new Map<string, Promise<unknown>>();

  /** Attachable volumes of each pod, by the names that the node's status has for them. */
  readonly #inUse = new Map<string, Set<string>>();

  constructor(node: VolumeNode, drivers: CsiDrivers, tokens: TokenCache) {
    this.#node = node;
    this.#drivers = drivers;
    this.#tokens = tokens;
  }

  readonly make: MakeVolume = async (request, references) => {
    const source = csiSource(request);
    const object = await this.#driverObject(source.driver);
    checkLifecycle(source, object);
    const isAttached = !source.isEphemeral && object?.spec.attachRequired !== false;
    if (isAttached) this.#use(request.pod, source);
    const context = isAttached ? await this.#publishContext(request, source) : {};
    const driver = this.#driverFor(request, source);
    const places = csiPlaces(request, source);
    await this.#stage(request, places, source, driver, object, context, references);
    const publish = (newest: VolumeRequest, current: References) =>
      this.#publish(newest, places, source, driver, object, context, current);
    const path = await publish(request, references);
    const expand = (newest: VolumeRequest, current: References) =>
      this.#expand(newest, places, source, driver, object, current);
    await expand(request, references);
    const made: MadeVolume = {
      path,
      readOnly: source.readOnly,
      ...(driver.capabilities.has("GET_VOLUME_STATS") && { usage: () => this.#usage(source, driver, places) }),
    };
    return {
      ...made,
      refresh: async (pod, fresh) => {
        if (object?.spec.requiresRepublish === true) await publish({ ...request, pod }, fresh);
        if (canExpand(request, source, driver)) await expand(await this.#newest({ ...request, pod }, fresh), fresh);
      },
    };
  };

  /** With the claim and the volume as they are now. */
  async #newest(request: VolumeRequest, references: References): Promise<VolumeRequest> {
    const { persistent, claim } = request;
    const [namespace = "", name = ""] = [claim?.metadata.namespace, claim?.metadata.name];
    const volumes = this.#node.client.resource(resources.persistentvolumes);
    const [newClaim, newVolume] = await Promise.all([
      references.claim(namespace, name),
      volumes.get({ name: persistent?.metadata.name ?? "" }),
    ]);
    return { ...request, claim: newClaim, persistent: newVolume };
  }

  /** Lets the file system follow a volume that became larger, and tells the claim. */
  async #expand(
    request: VolumeRequest,
    { stagingTarget, target }: CsiPlaces,
    source: CsiSource,
    driver: CsiDriver,
    object: CSIDriver | undefined,
    references: References,
  ): Promise<void> {
    const { persistent, claim, pod, specName } = request;
    if (!canExpand(request, source, driver) || persistent === undefined || claim === undefined) return;
    const size = expansionOf(persistent, claim);
    if (size === undefined || claim.status?.allocatedResourceStatuses?.storage === "NodeResizeInfeasible") return;
    const { namespace, name = "" } = claim.metadata;
    const claims = this.#node.client.resource(resources.persistentvolumeclaims);
    const tell = (status: object) => claims.patchStatus({ namespace, name }, "merge", { status });
    await tell(expansionBegun);
    try {
      await driver.node.call("NodeExpandVolume", {
        volumeId: source.handle,
        volumePath: target,
        capacityRange: capacityRange(size),
        stagingTargetPath: isStaged(source, driver) ? stagingTarget : "",
        volumeCapability: this.#capability(request, source, driver, object),
        secrets: await secretsOf(references, persistent.spec?.csi?.nodeExpandSecretRef),
      });
    } catch (error) {
      if (isInfeasible(error)) await tell(expansionInfeasible);
      throw new StepError("NodeExpandVolume", specName, error);
    }
    await tell(expansionDone(claim, size));
    const where = `${JSON.stringify(specName)} ${this.#node.name}`;
    this.#node.expanded?.(pod, `MountVolume.NodeExpandVolume succeeded for volume ${where}`);
  }

  /** Takes back what was published for a pod, and what no other pod of the node has staged. From what is on the disk. */
  async release(uid: string): Promise<void> {
    const parent = dirname(this.#node.layout.volume(uid, csiPlugin, "x"));
    for (const name of (await readdir(parent).catch(undefinedIfAbsent)) ?? []) {
      const folder = join(parent, name);
      const data = await readData(folder);
      if (data === undefined) continue;
      const { node } = this.#drivers.driver(data.driverName);
      await node.call("NodeUnpublishVolume", { volumeId: data.volumeHandle, targetPath: join(folder, "mount") });
      // A driver may leave the folder; what is mounted in it is not deleted with it.
      await rmdir(join(folder, "mount")).catch(passAbsentOrBusy);
      await rm(join(folder, dataFile), { force: true });
      if (data.volumeLifecycleMode === "Persistent") await this.#unstage(data);
    }
    await this.#releaseDevices(uid);
    this.#inUse.delete(uid);
  }

  inUse(): readonly string[] {
    return [...new Set([...this.#inUse.values()].flatMap((names) => [...names]))].sort();
  }

  async #usage(source: CsiSource, driver: CsiDriver, { target, stagingTarget }: CsiPlaces) {
    const { usage } = await driver.node.call<{ usage: readonly CsiUsage[] }>("NodeGetVolumeStats", {
      volumeId: source.handle,
      volumePath: target,
      stagingTargetPath: isStaged(source, driver) ? stagingTarget : "",
    });
    return volumeUsageOf(usage);
  }

  #use({ metadata: { uid = "" } }: Pod, { driver, handle }: CsiSource): void {
    const names = this.#inUse.get(uid) ?? new Set();
    this.#inUse.set(uid, names.add(`${csiPlugin}/${driver}^${handle}`));
  }

  #driverFor({ specName }: VolumeRequest, { driver, isEphemeral }: CsiSource): CsiDriver {
    try {
      return this.#drivers.driver(driver);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (isEphemeral) throw new Error(`kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: ${why}`);
      const message = `kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: ${why}`;
      throw new StepError("MountDevice", specName, new Error(message));
    }
  }

  async #driverObject(name: string): Promise<CSIDriver | undefined> {
    return this.#node.client.resource(resources.csidrivers).find({ name });
  }

  /** What the attaching of the volume gave, for drivers that attach. @throws NotAttached until it is done */
  async #publishContext(
    { node }: VolumeRequest,
    { driver, handle }: CsiSource,
  ): Promise<Readonly<Record<string, string>>> {
    const name = attachmentName(handle, driver, node.name);
    const attachment = await node.client.resource(resources.volumeattachments).find({ name });
    if (attachment?.status?.attached !== true) throw new NotAttached(`volume ${handle} is not attached to the node`);
    return attachment.status.attachmentMetadata ?? {};
  }

  async #stage(
    request: VolumeRequest,
    { stagingTarget: stagingTargetPath, stagingData }: CsiPlaces,
    source: CsiSource,
    driver: CsiDriver,
    object: CSIDriver | undefined,
    publishContext: Readonly<Record<string, string>>,
    references: References,
  ): Promise<void> {
    if (!isStaged(source, driver)) return;
    const { specName, persistent, isBlock } = request;
    const { handle: volumeHandle, driver: driverName } = source;
    try {
      await this.#alone(stagingTargetPath, async () => {
        for (const folder of [stagingTargetPath, stagingData]) await mkdir(folder, { recursive: true, mode: 0o750 });
        await writeFile(join(stagingData, dataFile), JSON.stringify({ driverName, volumeHandle }));
        await driver.node.call("NodeStageVolume", {
          volumeId: volumeHandle,
          publishContext,
          stagingTargetPath,
          volumeCapability: this.#capability(request, source, driver, object),
          secrets: await secretsOf(references, persistent?.spec?.csi?.nodeStageSecretRef),
          volumeContext: source.attributes,
        });
      });
    } catch (error) {
      throw isBlock
        ? new StepError("SetUpDevice", specName, error, "MapVolume")
        : new StepError("MountDevice", specName, error);
    }
  }

  async #publish(
    request: VolumeRequest,
    { stagingTarget, target, data: dataFolder }: CsiPlaces,
    source: CsiSource,
    driver: CsiDriver,
    object: CSIDriver | undefined,
    publishContext: Readonly<Record<string, string>>,
    references: References,
  ): Promise<string> {
    const { node, pod, specName, isBlock } = request;
    for (const folder of [dataFolder, dirname(target)]) await mkdir(folder, { recursive: true, mode: 0o750 });
    if (isBlock) await linkDevice(request, csiPlugin, target);
    const data: VolumeData = {
      attachmentID: source.isEphemeral ? "" : attachmentName(source.handle, source.driver, node.name),
      driverName: source.driver,
      nodeName: node.name,
      specVolID: specName,
      volumeHandle: source.handle,
      volumeLifecycleMode: source.isEphemeral ? "Ephemeral" : "Persistent",
    };
    await writeFile(join(dataFolder, dataFile), JSON.stringify(data));
    await driver.node.call("NodePublishVolume", {
      volumeId: source.handle,
      publishContext,
      stagingTargetPath: isStaged(source, driver) ? stagingTarget : "",
      targetPath: target,
      volumeCapability: this.#capability(request, source, driver, object),
      readonly: source.readOnly,
      secrets: await secretsOf(references, source.publishSecret),
      volumeContext: {
        ...source.attributes,
        ...podContext(pod, object, source.isEphemeral),
        ...(await this.#tokenContext(pod, object)),
      },
    });
    if (!isBlock) await this.#own(pod, source, driver, object, target);
    return target;
  }

  #capability(
    { pod, isBlock }: VolumeRequest,
    source: CsiSource,
    driver: CsiDriver,
    object: CSIDriver | undefined,
  ): object {
    const mode = accessModeOf(source.accessModes, driver.capabilities.has("SINGLE_NODE_MULTI_WRITER"));
    if (isBlock) return { block: {}, accessMode: { mode } };
    const gid = groupPolicy(pod, source, object);
    const isGiven = gid !== undefined && driver.capabilities.has("VOLUME_MOUNT_GROUP");
    return {
      mount: {
        fsType: source.fsType,
        mountFlags: source.mountOptions,
        volumeMountGroup: isGiven ? String(gid) : "",
      },
      accessMode: { mode },
    };
  }

  async #own(
    pod: Pod,
    source: CsiSource,
    driver: CsiDriver,
    object: CSIDriver | undefined,
    target: string,
  ): Promise<void> {
    const gid = groupPolicy(pod, source, object);
    if (gid === undefined || source.readOnly || driver.capabilities.has("VOLUME_MOUNT_GROUP")) return;
    const policy = pod.spec?.securityContext?.fsGroupChangePolicy;
    await giveToGroup(target, { gid, readOnly: false, policy });
  }

  async #tokenContext(pod: Pod, object: CSIDriver | undefined): Promise<Record<string, string>> {
    const requests = object?.spec.tokenRequests ?? [];
    if (requests.length === 0) return {};
    const tokens: Record<string, object> = {};
    for (const { audience, expirationSeconds } of requests) {
      const { token, expiresMs } = await this.#tokens.held(pod, { audience, expirationSeconds });
      tokens[audience] = { token, expirationTimestamp: `${new Date(expiresMs).toISOString().slice(0, 19)}Z` };
    }
    return { "csi.storage.k8s.io/serviceAccount.tokens": JSON.stringify(tokens) };
  }

  async #unstage({ driverName, volumeHandle }: VolumeData): Promise<void> {
    const driver = this.#drivers.driver(driverName);
    if (!driver.capabilities.has("STAGE_UNSTAGE_VOLUME")) return;
    const folder = csiStagingFolder(this.#node.layout, driverName, volumeHandle);
    const stagingTargetPath = join(folder, "globalmount");
    await this.#alone(stagingTargetPath, async () => {
      if (await this.#isPublished(driverName, volumeHandle)) return;
      await driver.node.call("NodeUnstageVolume", { volumeId: volumeHandle, stagingTargetPath });
      if (await isMounted(this.#node.mounter, stagingTargetPath))
        throw new Error(`still mounted: ${stagingTargetPath}`);
      await rmdir(stagingTargetPath).catch(passAbsentOrBusy);
      await rm(join(folder, dataFile), { force: true });
      await rmdir(folder).catch(passAbsentOrBusy);
    });
  }

  /** Whether some pod of the node has it, as the disk says. */
  async #isPublished(driverName: string, volumeHandle: string): Promise<boolean> {
    const { layout } = this.#node;
    for (const uid of await readdir(layout.pods)) {
      const parent = dirname(layout.volume(uid, csiPlugin, "x"));
      for (const name of (await readdir(parent).catch(undefinedIfAbsent)) ?? []) {
        const data = await readData(join(parent, name));
        if (data?.driverName === driverName && data.volumeHandle === volumeHandle) return true;
      }
    }
    return false;
  }

  /** Devices of a pod; the links in its folder tell which. */
  async #releaseDevices(uid: string): Promise<void> {
    const links = this.#node.layout.devices(uid, csiPlugin);
    for (const specName of (await readdir(links).catch(undefinedIfAbsent)) ?? []) {
      const places = new CsiDevicePlaces(this.#node.layout, specName);
      const data = await readData(places.data);
      if (data !== undefined) {
        const { node } = this.#drivers.driver(data.driverName);
        const targetPath = places.published(uid);
        await node.call("NodeUnpublishVolume", { volumeId: data.volumeHandle, targetPath });
        await rm(targetPath, { force: true });
        await this.#unstageDevice(data, places);
      }
      await rm(join(links, specName), { force: true });
    }
  }

  async #unstageDevice({ driverName, volumeHandle }: VolumeData, places: CsiDevicePlaces): Promise<void> {
    const driver = this.#drivers.driver(driverName);
    await this.#alone(places.staging, async () => {
      const others = (await readdir(places.publishFolder).catch(undefinedIfAbsent)) ?? [];
      if (others.length > 0) return;
      if (driver.capabilities.has("STAGE_UNSTAGE_VOLUME")) {
        await driver.node.call("NodeUnstageVolume", { volumeId: volumeHandle, stagingTargetPath: places.staging });
      }
      await rm(join(places.data, dataFile), { force: true });
      for (const folder of [places.publishFolder, places.staging, places.data, dirname(places.data)])
        await rmdir(folder).catch(passAbsentOrBusy);
    });
  }

  #alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#staging.get(key) ?? Promise.resolve()).then(work);
    const settled = mine.then(
      () => undefined,
      () => undefined, // Whoever asked learns of it.
    );
    this.#staging.set(key, settled);
    void settled.then(() => {
      if (this.#staging.get(key) === settled) this.#staging.delete(key);
    });
    return mine;
  }
}

function canExpand({ claim }: VolumeRequest, { readOnly }: CsiSource, { capabilities }: CsiDriver): boolean {
  return claim !== undefined && !readOnly && capabilities.has("EXPAND_VOLUME");
}

function isStaged({ isEphemeral }: CsiSource, { capabilities }: CsiDriver): boolean {
  return !isEphemeral && capabilities.has("STAGE_UNSTAGE_VOLUME");
}

async function readData(folder: string): Promise<VolumeData | undefined> {
  const text = await readFile(join(folder, dataFile), "utf8").catch(undefinedIfAbsent);
  return text === undefined ? undefined : JSON.parse(text);
}

/** The name of the object that tells whether a volume is attached. */
export function attachmentName(handle: string, driver: string, node: string): string {
  return `csi-${createHash("sha256").update(`${handle}${driver}${node}`).digest("hex")}`;
}

async function secretsOf(
  references: References,
  ref: { readonly name?: string; readonly namespace?: string } | undefined,
): Promise<Record<string, string>> {
  if (ref === undefined) return {};
  const { name = "", namespace = "" } = ref;
  const found = await references.secret(namespace, name).catch((error: unknown) => {
    if (isReason(error, "Forbidden")) return undefined;
    throw error;
  });
  if (found === undefined) {
    throw new Error(
      `fetching NodePublishSecretRef ${namespace}/${name} failed: secrets ${JSON.stringify(name)} not found`,
    );
  }
  const entries = Object.entries(found.data ?? {});
  return Object.fromEntries(entries.map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]));
}

function passAbsentOrBusy(error: unknown): void {
  if (!hasCode(error, "ENOENT", "ENOTEMPTY", "EBUSY")) throw error;
}
