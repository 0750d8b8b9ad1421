import { formatTime, type KubeObject } from "../../api/meta/index.ts";
import type { FlowSchema } from "../../api/types/index.ts";
import { Followed } from "./followed.ts";
import { type Keeper, type KeeperOptions, writeStatus } from "./keeper.ts";

const group = "flowcontrol.apiserver.k8s.io";
const manager = "api-priority-and-fairness-config-consumer-v1";

/** Tells of each flow schema whether the priority level that it names exists: its condition Dangling. */
export async function keepFlowSchemas(options: KeeperOptions): Promise<Keeper> {
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
  });
  const schemas = new Followed(store, `${schemaKind.storagePrefix}/`, host, (_, schema) => {
    if (schema !== undefined) check(schema);
  });
  await levels.start();
  await schemas.start();
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
