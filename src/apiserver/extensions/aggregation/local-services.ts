import type { KindRegistry } from "../../../api/kinds/index.ts";
import { formatTime, type JsonObject } from "../../../api/meta/index.ts";
import type { APIService } from "../../../api/types/index.ts";
import type { Compare, Operation } from "../../../store/index.ts";
import { Followed } from "../../followed.ts";
import { itself, type Keeper, type KeeperOptions } from "../../keepers/index.ts";
import { apiServiceName, localPriorities, managedLabel } from "./api-service.ts";

const target = { group: "apiregistration.k8s.io", version: "v1", resource: "apiservices" } as const;
/** Of its own group the original keeps none. */
const ownGroup = "apiregistration.k8s.io";
const userAgent = "kube-apiserver/v1.36.2";
/** As many changes in one transaction as etcd takes with its defaults (128), and a few less. */
const changesMax = 100;

/**
 * Keeps an APIService for every group version that is served here: those of built-in kinds are written at the start, those of
 * custom resources whenever they differ. What people made themselves stays. Starts when the custom resources are known.
 */
export async function keepLocalServices(options: KeeperOptions): Promise<Keeper> {
  const { host, store, kinds, handler } = options;
  const prefix = `${kinds.byApiVersionKind("apiregistration.k8s.io/v1", "APIService")?.storagePrefix}/`;
  let started = false;
  let working = Promise.resolve();
  const services = new Followed(store, prefix, host, (key) => {
    if (started) sync(key.slice(prefix.length));
  });
  await services.start();
  const atStart = new Set([...services.values()].map(({ metadata }) => metadata.name ?? ""));
  await writeAll(options, prefix, services, atStart);
  started = true;
  const wantedNow = ofGeneration(kinds, () => wantedServices(kinds));
  let isLooking = false;
  const unsubscribe = kinds.subscribe(() => {
    if (isLooking) return;
    isLooking = true;
    queueMicrotask(() => {
      isLooking = false;
      const wanted = wantedNow();
      for (const [name, service] of wanted) if (changeOf(servicePresent(name), service) !== undefined) sync(name);
      for (const { metadata } of services.values()) {
        const name = metadata.name ?? "";
        if (!wanted.has(name) && changeOf(servicePresent(name), undefined) !== undefined) sync(name);
      }
    });
  });

  function servicePresent(name: string): APIService | undefined {
    return services.get(name) as APIService | undefined;
  }

  /** One after the other: each sees what the one before it wrote. */
  function sync(name: string): void {
    working = working.then(async () => {
      try {
        await syncContinuous(name);
      } catch (error) {
        host.log.error("an APIService cannot be kept", { name, error: String(error) });
      }
    });
  }

  async function syncContinuous(name: string): Promise<void> {
    const wanted = wantedNow().get(name);
    const present = servicePresent(name);
    const change = changeOf(present, wanted);
    if (change === "create" && wanted !== undefined) {
      await handler.handle({ ...target, verb: "create", options: {}, user: itself, userAgent, body: bodyOf(wanted) });
    } else if (change === "delete") {
      const preconditions = { uid: present?.metadata.uid };
      await handler.handle({ ...target, verb: "delete", name, options: { preconditions }, user: itself, userAgent });
    } else if (change === "patch" && wanted !== undefined) {
      const body = { ...bodyOf(wanted), metadata: { labels: { [managedLabel]: "true" } } };
      const patchType = "application/merge-patch+json";
      await handler.handle({ ...target, verb: "patch", name, patchType, options: {}, user: itself, userAgent, body });
    }
  }

  return {
    async close() {
      started = false;
      unsubscribe();
      services.close();
      await working;
    },
  };
}

/** At the start all are brought up to date in few transactions; what is managed and served no more goes. */
async function writeAll(
  { host, store, kinds }: KeeperOptions,
  prefix: string,
  services: Followed,
  atStart: ReadonlySet<string>,
): Promise<void> {
  const now = formatTime(host.clock.now());
  const compare: Compare[] = [];
  const operations: Operation[] = [];
  const wanted = wantedServices(kinds);
  for (const [name, service] of wanted) {
    const present = services.get(name) as APIService | undefined;
    if (present !== undefined && (!isManaged(present) || isAsWanted(present, service))) continue;
    const key = prefix + name;
    const entry = present && (await store.get(key));
    compare.push({ key, revision: entry?.revision ?? 0 });
    const object: APIService =
      present === undefined
        ? {
            ...service,
            metadata: { name, uid: host.random.uuid(), creationTimestamp: now, labels: service.metadata.labels },
            status: { conditions: [{ ...localCondition, lastTransitionTime: now }] },
          }
        : { ...present, metadata: { ...present.metadata, labels: labelsOf(present, service) }, spec: service.spec };
    operations.push({ type: "put", key, object });
  }
  for (const name of atStart) {
    const present = services.get(name) as APIService | undefined;
    if (present === undefined || !isManaged(present) || wanted.has(name)) continue;
    const key = prefix + name;
    const entry = await store.get(key);
    if (entry === undefined) continue;
    compare.push({ key, revision: entry.revision });
    operations.push({ type: "delete", key });
  }
  for (let i = 0; i < operations.length; i += changesMax) {
    // Another server of the cluster that starts, too, writes the same.
    await store.commit({ compare: compare.slice(i, i + changesMax), operations: operations.slice(i, i + changesMax) });
  }
}

const localCondition = {
  type: "Available",
  status: "True",
  reason: "Local",
  message: "Local APIServices are always available",
};

/** By name. */
function wantedServices(kinds: KindRegistry): Map<string, APIService> {
  const wanted = new Map<string, APIService>();
  for (const { name: group, versions } of kinds.served()) {
    if (group === ownGroup) continue;
    for (const { version, kinds: own } of versions) {
      if (own.length === 0) continue;
      const { isBuiltin, ...priorities } = localPriorities(group, version);
      const name = apiServiceName(group, version);
      wanted.set(name, {
        apiVersion: "apiregistration.k8s.io/v1",
        kind: "APIService",
        metadata: { name, labels: { [managedLabel]: isBuiltin ? "onstart" : "true" } },
        spec: { ...(group !== "" && { group }), version, ...priorities },
      });
    }
  }
  return wanted;
}

/** What has to be done about a service that is always to be as it should. */
function changeOf(
  present: APIService | undefined,
  wanted: APIService | undefined,
): "create" | "delete" | "patch" | undefined {
  if (present === undefined) return wanted?.metadata.labels?.[managedLabel] === "true" ? "create" : undefined;
  if (present.metadata.labels?.[managedLabel] !== "true") return undefined;
  if (wanted === undefined) return "delete";
  return isAsWanted(present, wanted) ? undefined : "patch";
}

/** What is derived from the kinds, made anew when they have changed. */
function ofGeneration<T>(kinds: KindRegistry, derive: () => T): () => T {
  let known: { readonly generation: number; readonly value: T } | undefined;
  return () => {
    if (known?.generation !== kinds.generation) known = { generation: kinds.generation, value: derive() };
    return known.value;
  };
}

function isManaged({ metadata }: APIService): boolean {
  return metadata.labels?.[managedLabel] !== undefined;
}

function isAsWanted({ metadata, spec }: APIService, wanted: APIService): boolean {
  return (
    metadata.labels?.[managedLabel] === wanted.metadata.labels?.[managedLabel] &&
    !spec.service &&
    spec.groupPriorityMinimum === wanted.spec.groupPriorityMinimum &&
    spec.versionPriority === wanted.spec.versionPriority
  );
}

function labelsOf(present: APIService, wanted: APIService): Record<string, string> {
  return { ...present.metadata.labels, ...wanted.metadata.labels };
}

function bodyOf({ metadata, spec }: APIService): JsonObject {
  const labels = { ...metadata.labels };
  return { metadata: { name: metadata.name ?? "", labels }, spec: { ...spec, service: null } as JsonObject };
}
