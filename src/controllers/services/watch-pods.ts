import type { Controller } from "../../client/index.ts";
import { addForOneOf } from "../coalescing.ts";
import { endpointChanged } from "./pod-endpoint.ts";
import type { PodSelection } from "./pod-selection.ts";

/** Wakes a controller for every service whose pods may have changed, and for every service that changed itself. */
export function watchPods(selection: PodSelection, controller: Controller): void {
  const add = (keys: Iterable<string>): void => {
    for (const key of keys) {
      const service = selection.services.store.get(key);
      const pods = service === undefined ? 0 : selection.podsAtMost(service);
      addForOneOf(controller.queue, key, pods);
    }
  };
  selection.pods.addHandlers({
    add: ({ metadata }) => add(selection.servicesOf(metadata.namespace, metadata.labels)),
    update: (old, pod) => {
      if (!endpointChanged(old, pod)) return;
      const { namespace, labels } = pod.metadata;
      const keys = new Set(selection.servicesOf(namespace, labels));
      if (old.metadata.labels !== labels) {
        for (const key of selection.servicesOf(namespace, old.metadata.labels)) keys.add(key);
      }
      add(keys);
    },
    delete: ({ metadata }) => add(selection.servicesOf(metadata.namespace, metadata.labels)),
  });
  selection.services.addHandlers({
    add: (service) => controller.enqueue(service),
    update: (_, service) => controller.enqueue(service),
    delete: (service) => controller.enqueue(service),
  });
}
