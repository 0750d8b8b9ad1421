import type {
  Container,
  ContainerConfig,
  ContainerState,
  ContainerStatus,
  Image,
  PodSandbox,
  PodSandboxConfig,
  StringMap,
} from "../runtime.ts";
import { imageId, imageSizeBytes, normalizedImage } from "./images.ts";
import type { SimulatedLog } from "./log.ts";
import type { ProcessEnd, SimulatedProcess } from "./process.ts";

/** A sandbox of a simulated node. */
export interface Sandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly createdAtMs: number;
  state: "ready" | "notReady";
  ips: readonly string[];
  readonly containers: SimulatedContainer[];
}

/** One of its containers. */
export interface SimulatedContainer {
  readonly id: string;
  readonly sandbox: Sandbox;
  readonly config: ContainerConfig;
  readonly createdAtMs: number;
  readonly log: SimulatedLog;
  state: ContainerState;
  startedAtMs?: number;
  finishedAtMs?: number;
  end?: ProcessEnd;
  process?: SimulatedProcess;
  /** Called when it has ended. */
  readonly stopped: (() => void)[];
}

export function listens({ process }: SimulatedContainer): boolean {
  return process?.listens === true;
}

export function hasLabels(labels: StringMap, wanted: StringMap | undefined): boolean {
  return wanted === undefined || Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

export function sandboxOf({ id, config, state, createdAtMs }: Sandbox): PodSandbox {
  return {
    id,
    metadata: config.metadata,
    state,
    createdAtMs,
    labels: config.labels,
    annotations: config.annotations,
  };
}

export function containerOf({ id, sandbox, config, state, createdAtMs }: SimulatedContainer): Container {
  return {
    id,
    podSandboxId: sandbox.id,
    metadata: config.metadata,
    image: { image: normalizedImage(config.image.image) },
    imageRef: imageId(config.image.image),
    state,
    createdAtMs,
    labels: config.labels,
    annotations: config.annotations,
  };
}

export function statusOf(container: SimulatedContainer): ContainerStatus {
  const { startedAtMs, finishedAtMs, end, config } = container;
  const reason = end === undefined ? undefined : (end.reason ?? (end.exitCode === 0 ? "Completed" : "Error"));
  return {
    ...containerOf(container),
    startedAtMs,
    finishedAtMs,
    exitCode: end?.exitCode,
    reason,
    message: end?.message,
    logPath: config.logPath,
  };
}

/** As the runtime tells of an image. */
export function imageOf(image: string): Image {
  return {
    id: imageId(image),
    repoTags: [normalizedImage(image)],
    repoDigests: [],
    sizeBytes: imageSizeBytes(image),
  };
}
