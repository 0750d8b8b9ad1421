/** Writes every object of a resource anew, so that it is stored in the version that the API server stores today. */
import { formatTime, isReason, type KubeObject, setCondition } from "../../api/meta/index.ts";
import type { storagemigrationV1beta1 } from "../../api/types/index.ts";
import {
  type DiscoveredResource,
  done,
  type Outcome,
  type ResourceType,
  resourceType,
  runController,
} from "../../client/index.ts";
import { ifServed } from "../if-served.ts";
import { objectKey } from "../owners.ts";

type Migration = storagemigrationV1beta1.StorageVersionMigration;

const name = "storage-version-migrator-controller";
const pageSize = 500;
const migrations: ResourceType<Migration> = {
  group: "storagemigration.k8s.io",
  version: "v1beta1",
  resource: "storageversionmigrations",
  kind: "StorageVersionMigration",
  namespaced: false,
};
const running = { type: "Running", reason: "StorageVersionMigrationInProgress" };
const succeeded = { type: "Succeeded", reason: "StorageVersionMigrationSucceeded" };
const failed = { type: "Failed", reason: "StorageVersionMigrationFailed" };

export const startStorageVersionMigrator = ifServed(migrations, ({ client, discovery, host, informers }) => {
  const all = informers.informer(migrations);
  const writer = client.resource(migrations);
  const controller = runController({
    name,
    host,
    workers: 1,
    synced: [all],
    reconcile: async ({ name: migration }): Promise<Outcome> => {
      const found = all.store.get(migration);
      if (found === undefined || isOver(found)) return done;
      const { group = "", resource } = found.spec.resource;
      const type = (await discovery.resources()).find((one) => one.group === group && one.resource === resource);
      if (type === undefined) {
        await tell(
          found,
          failed,
          "True",
          `resource ${group === "" ? resource : `${resource}.${group}`} does not exist`,
        );
        return done;
      }
      const begun = await tell(found, running, "True", "");
      await migrate(type);
      const ended = await tell(begun, running, "False", "");
      await tell(ended, succeeded, "True", "");
      return done;
    },
  });

  async function migrate(type: DiscoveredResource): Promise<void> {
    const reader = client.resource(resourceType(type));
    let next: string | undefined;
    do {
      const { items, metadata } = await reader.list({ limit: pageSize, continue: next });
      for (const object of items) await rewrite(type, object);
      next = metadata.continue || undefined;
    } while (next !== undefined);
  }

  /** A patch that changes nothing, of the very version that was read: who wrote meanwhile has done the work. */
  async function rewrite(type: DiscoveredResource, object: KubeObject): Promise<void> {
    const { uid, resourceVersion } = object.metadata;
    try {
      await client
        .resource(resourceType(type))
        .patch(objectKey(object), "merge", { metadata: { uid, resourceVersion } });
    } catch (error) {
      if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
    }
  }

  async function tell(
    migration: Migration,
    { type, reason }: typeof running,
    status: "True" | "False",
    message: string,
  ): Promise<Migration> {
    const now = formatTime(host.clock.now());
    const condition = { type, status, reason, message };
    const conditions = setCondition((migration.status?.conditions ?? []) as Timed[], condition as Timed, now);
    return writer.updateStatus({ ...migration, status: { ...migration.status, conditions } } as Migration);
  }

  all.addHandlers({
    add: (migration) => controller.enqueue(migration),
    update: (_, migration) => {
      if (!isOver(migration)) controller.enqueue(migration);
    },
  });
  return controller;
});

type Timed = { type: string; status: string; reason: string; message: string; lastTransitionTime?: string };

function isOver({ status }: Migration): boolean {
  const isEnd = (type: string) => type === succeeded.type || type === failed.type;
  return status?.conditions?.some((one) => isEnd(one.type) && one.status === "True") ?? false;
}
