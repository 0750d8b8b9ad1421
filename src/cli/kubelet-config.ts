import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { parse } from "yaml";
import { parseDuration } from "../api/meta/index.ts";
import type { Taint } from "../api/types/index.ts";
import type { GracePeriod } from "../kubelet/index.ts";
import type { KubeletFlags } from "./machine-options.ts";
import { CommandError } from "./surroundings.ts";

/** A value does not fit its field. */
class FieldError extends Error {}

/** Which flag a field stands for, and how the flag would say it; `undefined` leaves it as it is. */
interface Field {
  readonly flag: keyof KubeletFlags;
  /** The text that the flag takes, which is then checked as a flag is; or the value itself, for what has no flag. */
  readonly read: (value: unknown) => unknown;
}

/** KubeletConfiguration (`kubelet.config.k8s.io/v1beta1`), by the path of each field. */
const fields: Readonly<Record<string, Field>> = {
  address: { flag: "address", read: text },
  "authentication.anonymous.enabled": { flag: "anonymousAuth", read: truth },
  "authentication.x509.clientCAFile": { flag: "clientCaFile", read: text },
  "authorization.mode": { flag: "authorizationMode", read: text },
  cgroupDriver: { flag: "cgroupDriver", read: text },
  cgroupRoot: { flag: "cgroupRoot", read: text },
  cgroupsPerQOS: { flag: "cgroupsPerQos", read: truth },
  clusterDNS: { flag: "clusterDns", read: texts },
  clusterDomain: { flag: "clusterDomain", read: text },
  containerLogMaxFiles: { flag: "containerLogMaxFiles", read: number },
  containerLogMaxSize: { flag: "containerLogMaxSize", read: text },
  containerRuntimeEndpoint: { flag: "containerRuntimeEndpoint", read: text },
  evictionHard: { flag: "evictionHard", read: (value) => pairs(value, "<") },
  evictionMaxPodGracePeriod: { flag: "evictionMaxPodGracePeriod", read: number },
  evictionMinimumReclaim: { flag: "evictionMinimumReclaim", read: (value) => pairs(value, "=") },
  evictionPressureTransitionPeriod: { flag: "evictionPressureTransitionPeriod", read: text },
  evictionSoft: { flag: "evictionSoft", read: (value) => pairs(value, "<") },
  evictionSoftGracePeriod: { flag: "evictionSoftGracePeriod", read: (value) => pairs(value, "=") },
  imageGCHighThresholdPercent: { flag: "imageGcHighThreshold", read: number },
  imageGCLowThresholdPercent: { flag: "imageGcLowThreshold", read: number },
  imageMinimumGCAge: { flag: "minimumImageTtlDuration", read: text },
  kubeReserved: { flag: "kubeReserved", read: (value) => pairs(value, "=") },
  maxParallelImagePulls: { flag: "maxParallelImagePulls", read: number },
  maxPods: { flag: "maxPods", read: number },
  podCIDR: { flag: "podCidr", read: text },
  podLogsDir: { flag: "podLogsDir", read: text },
  podPidsLimit: { flag: "podMaxPids", read: number },
  port: { flag: "port", read: number },
  registerWithTaints: { flag: "registerWithTaints", read: taints },
  resolvConf: { flag: "resolvConf", read: text },
  runtimeRequestTimeout: { flag: "runtimeRequestTimeout", read: text },
  serializeImagePulls: { flag: "serializeImagePulls", read: truth },
  shutdownGracePeriod: { flag: "shutdownGracePeriod", read: duration },
  shutdownGracePeriodByPodPriority: { flag: "shutdownGracePeriodByPodPriority", read: gracePeriods },
  shutdownGracePeriodCriticalPods: { flag: "shutdownGracePeriodCriticalPods", read: duration },
  staticPodPath: { flag: "podManifestPath", read: text },
  systemReserved: { flag: "systemReserved", read: (value) => pairs(value, "=") },
  tlsCertFile: { flag: "tlsCertFile", read: text },
  tlsPrivateKeyFile: { flag: "tlsPrivateKeyFile", read: text },
  "userNamespaces.idsPerPod": { flag: "userNamespaceIdsPerPod", read: (value) => Number(number(value)) },
};
const apiVersion = "kubelet.config.k8s.io/v1beta1";
const kind = "KubeletConfiguration";

/**
 * Reads a KubeletConfiguration into the command's options; what the command line says itself counts more.
 * @throws CommandError for a field that is unknown, cannot be had here, or does not fit
 */
export function readKubeletConfig(command: Command, path: string): void {
  const document = readDocument(path);
  for (const [name, value] of leaves(document, "")) {
    if (name === "apiVersion" || name === "kind" || value === null) continue;
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) {
      throw new CommandError(`${path}: the field ${name} is unknown, or has no effect here: it must be left out`);
    }
    if (command.getOptionValueSource(field.flag) === "cli") continue;
    try {
      command.setOptionValueWithSource(field.flag, asFlag(command, field, value), "config");
    } catch (error) {
      if (!(error instanceof FieldError) && !(error instanceof InvalidArgumentError)) throw error;
      throw new CommandError(`${path}: ${name}: ${error.message}`);
    }
  }
}

function readDocument(path: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
  if (!isRecord(document)) throw new CommandError(`${path} is no ${kind}: it must be an object`);
  if (document.apiVersion !== apiVersion || document.kind !== kind) {
    const is = `${document.kind} (${document.apiVersion})`;
    throw new CommandError(`${path} is a ${is}: it must be a ${kind} (${apiVersion})`);
  }
  return document;
}

/** Every field with its path. What is a known field is not looked into. */
function* leaves(object: Record<string, unknown>, above: string): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(object)) {
    const path = above === "" ? name : `${above}.${name}`;
    const isGroup = Object.keys(fields).some((known) => known.startsWith(`${path}.`));
    if (isGroup && isRecord(value)) yield* leaves(value, path);
    else yield [path, value];
  }
}

function asFlag(command: Command, { flag, read }: Field, value: unknown): unknown {
  const given = read(value);
  const option = command.options.find((one) => one.attributeName() === flag && !one.negate);
  if (option?.parseArg === undefined || typeof given !== "string") return given;
  return option.parseArg(given, undefined);
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new FieldError(`must be a text, not ${JSON.stringify(value)}`);
  return value;
}

function number(value: unknown): string {
  if (!Number.isInteger(value)) throw new FieldError(`must be an integer, not ${JSON.stringify(value)}`);
  return String(value);
}

function truth(value: unknown): boolean {
  if (typeof value !== "boolean") throw new FieldError(`must be true or false, not ${JSON.stringify(value)}`);
  return value;
}

function texts(value: unknown): string {
  if (!Array.isArray(value)) throw new FieldError(`must be a list of texts, not ${JSON.stringify(value)}`);
  return value.map(text).join(",");
}

function duration(value: unknown): number {
  try {
    return parseDuration(text(value));
  } catch (error) {
    throw new FieldError(error instanceof Error ? error.message : String(error));
  }
}

/** A map as a flag says it: `memory=1Gi,cpu=1`. */
function pairs(value: unknown, between: string): string {
  if (!isRecord(value)) throw new FieldError(`must be a map of texts, not ${JSON.stringify(value)}`);
  return Object.entries(value)
    .map(([name, amount]) => `${name}${between}${text(amount)}`)
    .join(",");
}

function taints(value: unknown): string {
  if (!Array.isArray(value)) throw new FieldError(`must be a list of taints, not ${JSON.stringify(value)}`);
  return (value as readonly Partial<Taint>[])
    .map(({ key, value: its, effect }) => `${key}${its === undefined ? "" : `=${its}`}:${effect}`)
    .join(",");
}

function gracePeriods(value: unknown): readonly GracePeriod[] {
  if (!Array.isArray(value)) throw new FieldError(`must be a list, not ${JSON.stringify(value)}`);
  return value.map((one: unknown) => {
    const { priority, shutdownGracePeriodSeconds, ...more } = isRecord(one) ? one : {};
    if (!Number.isInteger(priority) || !Number.isInteger(shutdownGracePeriodSeconds) || Object.keys(more).length > 0) {
      throw new FieldError(
        `an item must be a priority with its shutdownGracePeriodSeconds, not ${JSON.stringify(one)}`,
      );
    }
    return { priority: Number(priority), shutdownGracePeriodSeconds: Number(shutdownGracePeriodSeconds) };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
