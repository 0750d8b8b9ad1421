// Plays a story that was recorded on the original control plane on a whole cluster in virtual time.

import { existsSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { parseAllDocuments } from "yaml";
import { ApiError, type KubeObject } from "../../../src/api/meta/index.ts";
import type { EventEventsV1 as Event } from "../../../src/api/types/index.ts";
import { type Cluster, type client, createCluster, resources, testHost } from "../../../src/index.ts";

type Client = client.Client;
type ResourceType = client.ResourceType<KubeObject>;

interface Act {
  readonly create?: KubeObject;
  readonly waitSeconds?: number;
  /** `Kind/name`, with what is merged into it. */
  readonly patch?: string;
  readonly with?: object;
  /** `Kind/name?propagationPolicy=Foreground` */
  readonly delete?: string;
  readonly setAllPodsTo?: string;
  readonly evict?: string;
  readonly body?: object;
  /** HTTP code of an eviction. */
  readonly answered?: number;
  readonly objects?: Readonly<Record<string, readonly KubeObject[]>>;
}

export interface StoryEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly regarding: string;
  readonly by: string;
}

export interface Story {
  readonly story: string;
  readonly acts: readonly Act[];
  readonly events: readonly StoryEvent[];
}

const file = new URL("../../../../shared/spec/stories.yaml", import.meta.url);

/** Empty where the recording is absent. */
export function recordedStories(): readonly Story[] {
  if (!existsSync(file)) return [];
  return parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as Story);
}

/** One look at all objects, as recorded and as found here, both without what differs from run to run. */
export interface Look {
  readonly kind: string;
  readonly wanted: readonly unknown[];
  readonly found: readonly unknown[];
}

const simulatedNamespace = "story";
const types = new Map(
  Object.values(resources)
    .filter((type) => !["events.k8s.io", "extensions"].includes(type.group) && !/alpha|beta/.test(type.version))
    .map((type) => [type.kind, type as ResourceType]),
);

export interface Told {
  readonly looks: Look[];
  readonly events: { readonly wanted: string[]; readonly found: string[] };
}

/** Where a story is played: a namespace of its own, and how its time passes. */
export interface Stage {
  readonly client: Client;
  readonly namespace: string;
  wait(seconds: number): Promise<void>;
  /** How much longer than the original it may take until things are as there: on a busy machine. Default not at all. */
  readonly patienceSeconds?: number;
}

/** Plays a story in virtual time, on simulated nodes. */
export async function play(story: Story): Promise<Told> {
  const host = testHost({ seed: 1 });
  const { clock } = host;
  const starting = createCluster({ host, nodes: { count: 1 }, defaultStorageClass: false });
  let cluster: Cluster | undefined;
  await clock.runUntil(() => cluster !== undefined, 60_000).catch(() => undefined);
  cluster = await starting;
  try {
    const client = cluster.client();
    await client.resource(resources.namespaces).create({ metadata: { name: simulatedNamespace } } as never);
    await clock.advance(1000);
    // The original takes about a second to start a pod; here it takes none.
    let early = 500;
    const wait = async (seconds: number) => {
      await clock.advance(seconds * 1000 - early);
      early = 0;
    };
    return await tell(story, { client, namespace: simulatedNamespace, wait });
  } finally {
    await cluster.stop();
  }
}

/** Plays a story in a cluster that runs. */
export async function tell(story: Story, stage: Stage): Promise<Told> {
  const { client, namespace, wait } = stage;
  const looks: Look[] = [];
  for (const act of story.acts) {
    await perform(act, client, namespace);
    if (act.waitSeconds !== undefined) await wait(act.waitSeconds);
    for (const [kind, objects] of Object.entries(act.objects ?? {})) {
      const wanted = comparable(objects, namespace);
      const found = await lookUntil(stage, wanted, async () => {
        const listed = await client.resource(typeOf(kind)).list({ namespace });
        const plain = listed.items.map(
          ({ metadata: { managedFields: _, ...metadata }, apiVersion: __, kind: ___, ...rest }) => ({
            metadata,
            ...rest,
          }),
        );
        return comparable(plain, namespace);
      });
      looks.push({ kind, wanted, found });
    }
  }
  const wanted = lines(story.events, namespace);
  const found = await lookUntil(stage, wanted, async () => {
    const { items } = await client.resource(resources.eventsV1).list({ namespace });
    return lines(items.map(asStoryEvent), namespace);
  });
  return { looks, events: { wanted, found } };
}

const betweenLooksSeconds = 0.25;

/** Looks again until it finds what is wanted, as long as the stage has patience; gives what was found last. */
async function lookUntil<T>({ wait, patienceSeconds = 0 }: Stage, wanted: T, look: () => Promise<T>): Promise<T> {
  for (let left = patienceSeconds; ; left -= betweenLooksSeconds) {
    const found = await look();
    if (left <= 0 || isDeepStrictEqual(found, wanted)) return found;
    await wait(betweenLooksSeconds);
  }
}

async function perform(act: Act, on: Client, namespace: string): Promise<void> {
  if (act.create) {
    const object = { ...act.create, metadata: { ...act.create.metadata, namespace } };
    await on.resource(typeOf(act.create.kind)).create(object);
  }
  if (act.patch) {
    const [kind = "", name = ""] = act.patch.split("/");
    await on.resource(typeOf(kind)).patch({ namespace, name }, "strategic", act.with ?? {});
  }
  if (act.setAllPodsTo) {
    const pods = on.resource(resources.pods);
    for (const { metadata } of (await pods.list({ namespace })).items) {
      const key = { namespace, name: metadata.name ?? "" };
      await pods.patchStatus(key, "merge", { status: { phase: act.setAllPodsTo } });
    }
  }
  if (act.evict) await evictOne(on, act, namespace);
  if (act.delete) {
    const [, kind = "", name = "", propagationPolicy] =
      /^(\w+)\/([^?]+)(?:\?propagationPolicy=(\w+))?/.exec(act.delete) ?? [];
    await on.resource(typeOf(kind)).delete({ namespace, name }, { propagationPolicy });
  }
}

async function evictOne(on: Client, { answered, body }: Act, namespace: string): Promise<void> {
  const pods = on.resource(resources.pods);
  const { items } = await pods.list({ namespace });
  const pod = items.find(({ metadata }) => metadata.deletionTimestamp === undefined);
  const key = { namespace, name: pod?.metadata.name ?? "" };
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: key };
  const status = await pods
    .subresource("eviction")
    .create(key, eviction)
    .catch((error: unknown) => (error instanceof ApiError ? error.status : Promise.reject(error)));
  expect(status).toEqual({ ...body, code: answered });
}

function typeOf(kind: string): ResourceType {
  const type = types.get(kind);
  if (!type) throw new Error(`the story names an unknown kind ${kind}`);
  return type;
}

/** Each text once: how often an event comes again depends on the machine's speed. */
function lines(events: readonly StoryEvent[], namespace: string): string[] {
  return [...new Set(events.map((event) => eventLine(event, namespace)))].sort();
}

function asStoryEvent(event: Event): StoryEvent {
  const { type = "", reason = "", note: message = "", regarding, deprecatedSource, reportingController } = event;
  const by = reportingController || deprecatedSource?.component || "";
  return { type, reason, message, regarding: `${regarding?.kind}/${regarding?.name}`, by };
}

/** Without what differs from run to run: identities, times, addresses, hashes and random suffixes; lists in a stable order. */
function comparable(objects: readonly unknown[], namespace: string): unknown[] {
  return objects
    .map((object) => JSON.stringify(sortKeys(JSON.parse(anonymous(JSON.stringify(object), namespace)))))
    .sort()
    .map((text) => JSON.parse(text));
}

function eventLine({ type, reason, message, regarding, by }: StoryEvent, namespace: string): string {
  return anonymous(`${by}: ${regarding} ${type} ${reason} ${message}`, namespace).replace(
    /(in|after) [\d.]+m?s/g,
    "$1 <duration>",
  );
}

function anonymous(text: string, namespace: string): string {
  return (
    text
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>")
      .replace(/"resourceVersion":"[^"]*"/g, '"resourceVersion":"<resourceVersion>"')
      .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"<time>"')
      .replaceAll("{ns}", namespace)
      .replace(/(sha256:)?[0-9a-f]{64}/g, "<hash>")
      .replace(/\b(10\.(?!96\.)\d+\.0\.\d+|172\.18\.0\.\d+|192\.0\.2\.2|127\.0\.0\.1)\b/g, "<ip>")
      .replace(/\b10\.96\.\d+\.\d+\b/g, "<ip>")
      // What the recording machine's kernel and the recorder made up.
      .replaceAll('{"limits":{"memory":"9007199254740988Ki"}}', "{}")
      .replace(/"cpu":"(<age>|\d+m)"/g, '"cpu":"<cpu>"')
      .replace(/("controller.kubernetes.io\/hash":")[^"]*"/g, '$1<hash>"')
      .replace(/docker.io\/library\/nginx:1\.\d+/g, "<nginx>")
      .replace(/kube-api-access-(<x>|[a-z0-9]{5})/g, "kube-api-access-<x>")
      // Hashes of templates, then the random ends of names; both are drawn from an alphabet without vowels.
      .replace(/-[bcdfghjklmnpqrstvwxz2456789]{8,10}\b/g, "-<hash>")
      .replace(/("(?:pod-template-hash|controller-revision-hash)":")[bcdfghjklmnpqrstvwxz2456789]{8,10}"/g, '$1<hash>"')
      .replace(/-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, "-<x>")
  );
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sortKeys(v)]),
  );
}
