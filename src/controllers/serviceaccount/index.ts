/** Sees to it that every namespace has the service account `default`. */
import { isReason, keyString } from "../../api/meta/index.ts";
import { done, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { isNamespaceTerminating } from "../pods/index.ts";

const accountName = "default";

export const startServiceAccountController: StartController = ({ client, host, informers }) => {
  const namespaces = informers.informer(resources.namespaces);
  const accounts = informers.informer(resources.serviceaccounts);
  const controller = runController({
    name: "serviceaccount-controller",
    host,
    synced: [namespaces, accounts],
    reconcile: async ({ name }) => {
      const namespace = namespaces.store.get(name);
      if (namespace === undefined || namespace.status?.phase === "Terminating") return done;
      if (accounts.store.get(keyString({ namespace: name, name: accountName })) !== undefined) return done;
      try {
        await client.resource(resources.serviceaccounts).create({ metadata: { namespace: name, name: accountName } });
      } catch (error) {
        if (!isReason(error, "AlreadyExists") && !isNamespaceTerminating(error)) throw error;
      }
      return done;
    },
  });
  namespaces.addHandlers({
    add: (namespace) => controller.enqueue(namespace),
    update: (_, namespace) => controller.enqueue(namespace),
  });
  accounts.addHandlers({
    delete: ({ metadata }) => {
      if (metadata.name === accountName) controller.queue.add(metadata.namespace ?? "");
    },
  });
  return controller;
};
