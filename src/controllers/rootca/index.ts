/** Publishes the certificate authority of the API server to every namespace, for pods to trust: kube-root-ca.crt. */
import { isReason, keyString, semanticEqual } from "../../api/meta/index.ts";
import { done, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { isNamespaceTerminating } from "../pods/index.ts";

const configMapName = "kube-root-ca.crt";
const descriptionAnnotation = "kubernetes.io/description";
const description =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

export const startRootCAPublisher: StartController = ({ client, host, informers, config }) => {
  const namespaces = informers.informer(resources.namespaces);
  const published = informers.informer(resources.configmaps, { fieldSelector: `metadata.name=${configMapName}` });
  const writer = client.resource(resources.configmaps);
  const data = { "ca.crt": config.rootCA ?? "" };
  const controller = runController({
    name: "root-ca-certificate-publisher-controller",
    host,
    synced: [namespaces, published],
    reconcile: async ({ name }) => {
      const namespace = namespaces.store.get(name);
      if (config.rootCA === undefined || namespace === undefined || namespace.status?.phase === "Terminating")
        return done;
      const present = published.store.get(keyString({ namespace: name, name: configMapName }));
      try {
        if (present === undefined) await writer.create(configMap(name));
        else if (!isRight(present)) await writer.update({ ...present, ...configMap(name, present.metadata) });
      } catch (error) {
        if (!isReason(error, "AlreadyExists") && !isNamespaceTerminating(error)) throw error;
      }
      return done;
    },
  });

  function configMap(namespace: string, metadata: { annotations?: Record<string, string> } = {}) {
    const annotations = { ...metadata.annotations, [descriptionAnnotation]: description };
    return { metadata: { ...metadata, namespace, name: configMapName, annotations }, data };
  }

  function isRight(present: { data?: Record<string, string>; metadata: { annotations?: Record<string, string> } }) {
    // Whoever describes it otherwise may.
    return semanticEqual(present.data, data) && Boolean(present.metadata.annotations?.[descriptionAnnotation]);
  }

  namespaces.addHandlers({
    add: (namespace) => controller.enqueue(namespace),
    update: (_, namespace) => controller.enqueue(namespace),
  });
  published.addHandlers({
    update: (_, { metadata }) => controller.queue.add(metadata.namespace ?? ""),
    delete: ({ metadata }) => controller.queue.add(metadata.namespace ?? ""),
  });
  return controller;
};
