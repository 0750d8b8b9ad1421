import { isReason, type JsonValue, type KubeObject } from "../../api/meta/index.ts";
import { Followed } from "./followed.ts";
import { itself, type Keeper, type KeeperOptions } from "./keeper.ts";

const group = "apiextensions.k8s.io";
const finalizer = "customresourcecleanup.apiextensions.k8s.io";
/** Who deletes a definition may still see it on its way out. */
const releaseAfterMs = 100;

/** Lets a definition go that is being deleted: there are no objects of its kind to be removed before it. */
export async function keepDefinitions(options: KeeperOptions): Promise<Keeper> {
  const { host, store, kinds } = options;
  const kind = kinds.byApiVersionKind(`${group}/v1`, "CustomResourceDefinition");
  if (kind === undefined) return { close() {} };
  const definitions = new Followed(store, `${kind.storagePrefix}/`, host, (_, definition) => {
    if (definition?.metadata.deletionTimestamp === undefined) return;
    host.clock.setTimer(releaseAfterMs, () => void release(options, definition));
  });
  await definitions.start();
  return { close: () => definitions.close() };
}

async function release({ handler, host }: KeeperOptions, { metadata }: KubeObject): Promise<void> {
  const at = metadata.finalizers?.indexOf(finalizer) ?? -1;
  if (at < 0) return;
  const path = `/metadata/finalizers/${at}`;
  const body: JsonValue = [
    { op: "test", path, value: finalizer },
    { op: "remove", path },
  ];
  const target = { group, version: "v1", resource: "customresourcedefinitions", name: metadata.name };
  const patchType = "application/json-patch+json";
  try {
    await handler.handle({ ...target, verb: "patch", patchType, body, options: {}, user: itself });
  } catch (error) {
    if (isReason(error, "NotFound")) return;
    host.log.error("a definition cannot be let go", { name: metadata.name, error: String(error) });
  }
}
