import { formatTime, type KubeObject } from "../../api/meta/index.ts";
import type { FlowSchema, PriorityLevelConfiguration } from "../../api/types/index.ts";
import { Followed } from "../followed.ts";
import { type FlowListener, type Keeper, type KeeperOptions, writeStatus } from "./keeper.ts";

const group = "flowcontrol.apiserver.k8s.io";
const manager = "api-priority-and-fairness-config-consumer-v1";

/**
 * Tells of each flow schema whether the priority level that it names exists: its condition Dangling. And tells the listener
 * of all of them, so that requests are sorted by them.
 */
export async function keepFlowSchemas(options: KeeperOptions, listener?: FlowListener): Promise<Keeper> {
  const { host, store, kinds } = options;
  const schemaKind = kinds.byApiVersionKind(`${group}/v1`, "FlowSchema");
  const levelKind = kinds.byApiVersionKind(`${group}/v1`, "PriorityLevelConfiguration");
  if (schemaKind === undefined || levelKind === undefined) return { close() {} };

  const check = (schema: KubeObject): void => {
    const condition = danglingCondition(schema as FlowSchema, levels);
    if (isTold(schema as FlowSchema, condition)) return;
    const body = {
      apiVersion: `${group}/v1`,
      kind: "FlowSchema",
      metadata: { name: schema.metadata.name ?? "" },
      status: { conditions: [{ ...condition, lastTransitionTime: formatTime(host.clock.now()) }] },
    };
    const patchType = "application/apply-patch+yaml";
    const target = { group, version: "v1", resource: "flowschemas", name: schema.metadata.name };
    void writeStatus(options, { ...target, patchType, body, options: { fieldManager: manager, force: true } });
  };
  // Levels come first: without them every schema would be told to dangle.
  const levels = new Followed(store, `${levelKind.storagePrefix}/`, host, () => {
    for (const schema of schemas.values()) check(schema);
    changed();
  });
  const schemas = new Followed(store, `${schemaKind.storagePrefix}/`, host, (_, schema) => {
    if (schema !== undefined) check(schema);
    changed();
  });
  let isComplete = false;
  const changed = (): void => {
    if (!isComplete) return;
    const all = <T>(objects: Iterable<KubeObject>) => [...objects] as T[]; // they were validated as such
    listener?.configure(all<FlowSchema>(schemas.values()), all<PriorityLevelConfiguration>(levels.values()));
  };
  await levels.start();
  await schemas.start();
  isComplete = true;
  changed();
  return {
    close() {
      levels.close();
      schemas.close();
    },
  };
}

function danglingCondition({ spec }: FlowSchema, levels: Followed) {
  const name = spec.priorityLevelConfiguration.name;
  const exists = levels.get(name) !== undefined;
  const about = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)}`;
  return exists
    ? { type: "Dangling", status: "False", reason: "Found", message: `${about} and it exists` }
    : { type: "Dangling", status: "True", reason: "NotFound", message: `${about} but there is no such object` };
}

function isTold({ status }: FlowSchema, wanted: ReturnType<typeof danglingCondition>): boolean {
  const told = status?.conditions?.find(({ type }) => type === wanted.type);
  return told?.status === wanted.status && told.reason === wanted.reason && told.message === wanted.message;
}
