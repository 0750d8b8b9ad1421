import { podUidLabel } from "../labels.ts";
import type {
  Container,
  ContainerEvent,
  ContainerState,
  ContainerStats,
  ContainerStatus,
  FilesystemUsage,
  Image,
  LinuxContainerResources,
  Mount,
  PodSandbox,
  PodSandboxStatus,
  RuntimeStatus,
} from "../runtime.ts";
import type { Message } from "./connection.ts";

const nanosPerMs = 1_000_000n;

/** Milliseconds of a time in nanoseconds; undefined for the zero that stands for none. */
function msOf(nanos: string): number | undefined {
  const value = BigInt(nanos);
  return value <= 0n ? undefined : Number(value / nanosPerMs);
}

export function sandboxOf(message: Message): PodSandbox {
  const { id, metadata, state, createdAt, labels, annotations } = message;
  return {
    id,
    metadata,
    state: state === "SANDBOX_READY" ? "ready" : "notReady",
    createdAtMs: msOf(createdAt) ?? 0,
    labels,
    annotations,
  };
}

export function sandboxStatusOf(message: Message): PodSandboxStatus {
  const { ip = "", additionalIps = [] } = message.network ?? {};
  const others = additionalIps.map((one: Message) => one.ip);
  return { ...sandboxOf(message), ips: ip === "" ? [] : [ip, ...others] };
}

export function containerOf(message: Message): Container {
  const { id, podSandboxId = "", metadata, image, imageRef, state, createdAt, labels, annotations } = message;
  return {
    id,
    podSandboxId,
    metadata,
    image: { image: image?.image ?? "" },
    imageRef,
    state: stateOf(state),
    createdAtMs: msOf(createdAt) ?? 0,
    labels,
    annotations,
  };
}

/** @param podSandboxId which a status does not tell, unlike a list. */
export function containerStatusOf(message: Message, podSandboxId: string): ContainerStatus {
  const {
    startedAt,
    finishedAt,
    exitCode,
    reason,
    message: text,
    logPath,
    mounts,
    resources,
    user,
    stopSignal,
  } = message;
  const state = stateOf(message.state);
  const linux = user?.linux;
  return {
    ...containerOf(message),
    podSandboxId,
    startedAtMs: msOf(startedAt),
    finishedAtMs: msOf(finishedAt),
    ...(state === "exited" ? { exitCode } : {}),
    ...(reason === "" ? {} : { reason }),
    ...(text === "" ? {} : { message: text }),
    logPath,
    mounts: (mounts as Message[]).map(mountOf),
    ...(resources?.linux == null ? {} : { resources: resourcesOf(resources.linux) }),
    ...(linux == null
      ? {}
      : {
          user: {
            uid: Number(linux.uid),
            gid: Number(linux.gid),
            supplementalGroups: linux.supplementalGroups.map(Number),
          },
        }),
    ...(stopSignal === "RUNTIME_DEFAULT" ? {} : { stopSignal: stopSignal.replace("PLUS", "+").replace("MINUS", "-") }),
  };
}

function stateOf(state: string): ContainerState {
  switch (state) {
    case "CONTAINER_CREATED":
      return "created";
    case "CONTAINER_RUNNING":
      return "running";
    case "CONTAINER_EXITED":
      return "exited";
    default:
      return "unknown";
  }
}

function mountOf({ containerPath, hostPath, readonly }: Message): Mount {
  return { containerPath, hostPath, readonly };
}

function resourcesOf(message: Message): LinuxContainerResources {
  return {
    cpuPeriod: Number(message.cpuPeriod),
    cpuQuota: Number(message.cpuQuota),
    cpuShares: Number(message.cpuShares),
    memoryLimitInBytes: Number(message.memoryLimitInBytes),
    oomScoreAdj: Number(message.oomScoreAdj),
    unified: message.unified,
  };
}

export function imageOf({ id, repoTags, repoDigests, size, uid, username, pinned }: Message): Image {
  return {
    id,
    repoTags,
    repoDigests,
    sizeBytes: Number(size),
    ...(uid === null ? {} : { uid: Number(uid.value) }),
    ...(username === "" ? {} : { username }),
    pinned,
  };
}

export function filesystemOf({ fsId, usedBytes, inodesUsed }: Message): FilesystemUsage {
  return {
    mountpoint: fsId?.mountpoint ?? "",
    usedBytes: Number(usedBytes?.value ?? 0),
    inodesUsed: Number(inodesUsed?.value ?? 0),
  };
}

export function runtimeStatusOf({ status, runtimeHandlers, features }: Message): RuntimeStatus {
  const handlers = (runtimeHandlers as Message[]).map(({ name, features: its }) => ({
    name,
    recursiveReadOnlyMounts: its?.recursiveReadOnlyMounts === true,
    userNamespaces: its?.userNamespaces === true,
  }));
  return {
    conditions: (status?.conditions ?? []).map(({ type, status: holds, reason, message }: Message) => ({
      type,
      status: holds,
      reason,
      message,
    })),
    // Before containerd 2.0 they were not told.
    ...(handlers.length === 0 ? {} : { handlers }),
    ...(features == null ? {} : { features: { supplementalGroupsPolicy: features.supplementalGroupsPolicy === true } }),
  };
}

export function containerStatsOf({ attributes, cpu, memory, writableLayer }: Message): ContainerStats {
  const { id, metadata, labels } = attributes;
  return {
    id,
    metadata,
    labels,
    atMs: msOf(cpu?.timestamp ?? memory?.timestamp ?? "0") ?? 0,
    ...(cpu === null
      ? {}
      : {
          cpu: {
            usageCoreNanoSeconds: BigInt(cpu.usageCoreNanoSeconds?.value ?? 0),
            ...(cpu.usageNanoCores === null ? {} : { usageNanoCores: Number(cpu.usageNanoCores.value) }),
          },
        }),
    ...(memory === null
      ? {}
      : {
          memory: {
            workingSetBytes: Number(memory.workingSetBytes?.value ?? 0),
            availableBytes: numberOf(memory.availableBytes),
            usageBytes: numberOf(memory.usageBytes),
            rssBytes: numberOf(memory.rssBytes),
            pageFaults: numberOf(memory.pageFaults),
            majorPageFaults: numberOf(memory.majorPageFaults),
          },
        }),
    ...(writableLayer === null ? {} : { writableLayer: filesystemOf(writableLayer) }),
  };
}

function numberOf(wrapped: Message | null): number | undefined {
  return wrapped === null ? undefined : Number(wrapped.value);
}

const eventTypes: Readonly<Record<string, ContainerEvent["type"]>> = {
  CONTAINER_CREATED_EVENT: "created",
  CONTAINER_STARTED_EVENT: "started",
  CONTAINER_STOPPED_EVENT: "stopped",
  CONTAINER_DELETED_EVENT: "deleted",
};

/** Undefined for an event that says nothing of a pod. */
export function eventOf({
  containerId,
  containerEventType,
  createdAt,
  podSandboxStatus,
}: Message): ContainerEvent | undefined {
  const type = eventTypes[containerEventType];
  const podUid = podSandboxStatus?.labels?.[podUidLabel] ?? podSandboxStatus?.metadata?.uid;
  if (type === undefined || podUid === undefined) return undefined;
  return { type, containerId, podSandboxId: podSandboxStatus.id, podUid, createdAtMs: msOf(createdAt) ?? 0 };
}
