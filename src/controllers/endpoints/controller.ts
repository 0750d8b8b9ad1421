import { isReason, keyString } from "../../api/meta/index.ts";
import { done, type Outcome, resources, runController } from "../../client/index.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { isNamespaceTerminating, messageOf } from "../pods/index.ts";
import { isManualService, managedByLabel, podSelection, TriggerTimes, watchPods } from "../services/index.ts";
import { planEndpoints } from "./plan.ts";

/** Keeps the older form of what EndpointSlices say: one Endpoints object a service. */
export function startEndpointsController(context: ControllerContext): RunningController {
  const { client, host, informers } = context;
  const selection = podSelection(informers);
  const triggers = new TriggerTimes();
  const endpoints = informers.informer(resources.endpoints);
  const writer = client.resource(resources.endpoints);
  const events = context.recorder("endpoint-controller");
  const controller = runController({
    name: "endpoints-controller",
    host,
    workers: context.workers("endpoints-controller", 5),
    synced: [selection.services, selection.pods, endpoints],
    reconcile: async (key) => reconcile(keyString(key), key.namespace, key.name),
  });

  async function reconcile(key: string, namespace: string | undefined, name: string): Promise<Outcome> {
    const service = selection.services.store.get(key);
    const present = endpoints.store.get(key);
    if (service === undefined) {
      triggers.forget(key);
      const own = present?.metadata.labels?.[managedByLabel] !== undefined;
      if (own) await writer.delete({ namespace, name }).catch(ignoreNotFound);
      return done;
    }
    if (isManualService(service)) return done;
    const pods = selection.podsOf(service);
    const plan = planEndpoints(service, pods, present, triggers.next(key, service, pods));
    if (plan.kind === "none") return done;
    try {
      if (plan.kind === "create") await writer.create(plan.endpoints);
      else await writer.update(plan.endpoints);
    } catch (error) {
      if (plan.kind === "create" && isNamespaceTerminating(error)) return done;
      const [verb, reason] =
        plan.kind === "create" ? ["create", "FailedToCreateEndpoint"] : ["update", "FailedToUpdateEndpoint"];
      const message = `Failed to ${verb} endpoint ${key}: ${messageOf(error)}`;
      if (!isReason(error, "Conflict") && present !== undefined) events.event(present, "Warning", reason, message);
      throw error;
    }
    return done;
  }

  watchPods(selection, controller);
  endpoints.addHandlers({
    update: (_, object) => {
      if (object.metadata.labels?.[managedByLabel] !== undefined) controller.enqueue(object);
    },
    delete: (object) => controller.enqueue(object),
  });
  return controller;
}

function ignoreNotFound(error: unknown): void {
  if (!isReason(error, "NotFound")) throw error;
}
