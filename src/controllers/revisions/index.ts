/** The history of pod templates that daemon sets and stateful sets keep as ControllerRevisions. */
import {
  controllerReference,
  fnv32a,
  isReason,
  type KubeObject,
  type LabelSelector,
  safeEncode,
  semanticEqual,
} from "../../api/meta/index.ts";
import type { ControllerRevision, PodTemplateSpec } from "../../api/types/index.ts";
import { type Client, type ResourceType, resources, type StoreView } from "../../client/index.ts";
import { claim } from "../claims.ts";
import { compareText, objectKey } from "../owners.ts";

export const revisionHashLabel = "controller-revision-hash";

export interface RevisionOwner extends KubeObject {
  spec: { template: PodTemplateSpec; selector: LabelSelector; revisionHistoryLimit?: number };
  status?: { collisionCount?: number };
}

export interface History {
  /** Of the template as it is now. */
  readonly current: ControllerRevision;
  /** In the order of their numbers, the current one last. */
  readonly all: readonly ControllerRevision[];
}

export interface HistoryOptions<T extends RevisionOwner> {
  readonly client: Client;
  readonly owner: T;
  readonly ownerType: ResourceType<T>;
  readonly store: StoreView<ControllerRevision>;
  /** The label of a revision that holds its hash. Default `controller-revision-hash`. */
  readonly hashLabel?: string;
}

/** The hash that pods of this revision carry. */
export function hashOf(revision: ControllerRevision): string {
  return revision.metadata.labels?.[revisionHashLabel] ?? "";
}

/** Sees to it that the template as it is now has a revision, and that it is the newest. */
export async function syncHistory<T extends RevisionOwner>(options: HistoryOptions<T>): Promise<History> {
  const { client, owner, ownerType, store } = options;
  const { selector } = owner.spec;
  const owned = await claim({ client, owner, ownerType, selector, type: resources.controllerrevisions, store });
  const ordered = [...owned].sort(
    (a, b) => a.revision - b.revision || compareText(a.metadata.name ?? "", b.metadata.name ?? ""),
  );
  const data = dataOf(owner.spec.template);
  const newest = ordered.at(-1);
  const equal = ordered.findLast((revision) => semanticEqual(revision.data, data));
  const writer = client.resource(resources.controllerrevisions);
  if (equal !== undefined && equal === newest) return { current: equal, all: ordered };
  const number = (newest?.revision ?? 0) + 1;
  if (equal !== undefined) {
    const current = await writer.update({ ...equal, revision: number });
    return { current, all: [...ordered.filter((revision) => revision !== equal), current] };
  }
  const draft = newRevision(owner, data, number, options.hashLabel ?? revisionHashLabel);
  try {
    const current = await writer.create(draft);
    return { current, all: [...ordered, current] };
  } catch (error) {
    if (!isReason(error, "AlreadyExists")) throw error;
    // Made by an earlier try that is not in the cache yet.
    const present = await writer.get(objectKey(draft));
    if (!semanticEqual(present.data, data)) {
      // Another template has this hash: the next try counts the collision and gets another.
      const collisionCount = (owner.status?.collisionCount ?? 0) + 1;
      await client.resource(ownerType).updateStatus({ ...owner, status: { ...owner.status, collisionCount } });
      throw error;
    }
    return { current: present, all: [...ordered, present] };
  }
}

/** Deletes the oldest revisions beyond the limit, as far as nothing uses them. */
export async function truncateHistory(
  client: Client,
  owner: RevisionOwner,
  history: History,
  isUsed: (revision: ControllerRevision) => boolean,
): Promise<void> {
  const unused = history.all.filter((revision) => revision !== history.current && !isUsed(revision));
  const surplus = unused.length - (owner.spec.revisionHistoryLimit ?? 10);
  for (const revision of unused.slice(0, Math.max(0, surplus))) {
    await client
      .resource(resources.controllerrevisions)
      .delete(objectKey(revision))
      .catch((error) => {
        if (!isReason(error, "NotFound")) throw error;
      });
  }
}

/** The template a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec | undefined {
  const data = revision.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined;
  if (data?.spec?.template === undefined) return undefined;
  const { $patch: _, ...template } = data.spec.template;
  return template;
}

function dataOf(template: PodTemplateSpec): ControllerRevision["data"] {
  return sorted({ spec: { template: { $patch: "replace", ...template } } }) as ControllerRevision["data"];
}

/** With its fields in order: clients that ask which revision a template is compare bytes. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.sort(([a], [b]) => compareText(a, b)).map(([name, field]) => [name, sorted(field)]));
}

function newRevision(
  owner: RevisionOwner,
  data: ControllerRevision["data"],
  revision: number,
  hashLabel: string,
): ControllerRevision {
  const hash = safeEncode(String(fnv32a(canonical(data) + (owner.status?.collisionCount ?? ""))));
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${owner.metadata.name}-${hash}`,
      namespace: owner.metadata.namespace,
      labels: { ...owner.spec.template.metadata?.labels, [hashLabel]: hash },
      annotations: owner.metadata.annotations,
      ownerReferences: [controllerReference(owner)],
    },
    data,
    revision,
  };
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value).filter(([, member]) => member !== undefined && member !== null);
  return `{${members
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
    .join(",")}}`;
}
