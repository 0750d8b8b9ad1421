/** Tells kubelets how long they may keep secrets and config maps: longer, the more nodes ask for them. */
import { done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";

const name = "ttl-controller";
const ttlAnnotation = "node.alpha.kubernetes.io/ttl";

/** Steps overlap, so that a cluster at a border does not go to and fro. */
const steps: readonly { readonly from: number; readonly to: number; readonly seconds: number }[] = [
  { from: 0, to: 100, seconds: 0 },
  { from: 90, to: 500, seconds: 15 },
  { from: 450, to: 1000, seconds: 30 },
  { from: 900, to: 2000, seconds: 60 },
  { from: 1800, to: 10_000, seconds: 300 },
  { from: 9000, to: Number.POSITIVE_INFINITY, seconds: 600 },
];

export const startNodeTtlController: StartController = ({ client, host, informers, workers }) => {
  const nodes = informers.informer(resources.nodes);
  let step = 0;
  const seconds = () => String(steps[step]?.seconds ?? 0);
  const controller = runController({
    name,
    host,
    workers: workers(name, 5),
    synced: [nodes],
    reconcile: async ({ name: node }): Promise<Outcome> => {
      const present = nodes.store.get(node);
      if (present === undefined || present.metadata.annotations?.[ttlAnnotation] === seconds()) return done;
      const { resourceVersion } = present.metadata;
      const metadata = { resourceVersion, annotations: { [ttlAnnotation]: seconds() } };
      await client.resource(resources.nodes).patch({ name: node }, "merge", { metadata });
      return done;
    },
  });

  /** Gives whether every node has to be told anew. */
  const moveStep = (): boolean => {
    const before = step;
    const count = nodes.store.size;
    while (step < steps.length - 1 && count > (steps[step]?.to ?? 0)) step++;
    while (step > 0 && count < (steps[step]?.from ?? 0)) step--;
    return step !== before;
  };
  const lookAtAll = (): void => {
    for (const node of nodes.store.values()) controller.enqueue(node);
  };
  nodes.addHandlers({
    add: (node) => {
      if (moveStep()) lookAtAll();
      else controller.enqueue(node);
    },
    update: (_, node) => {
      if (node.metadata.annotations?.[ttlAnnotation] !== seconds()) controller.enqueue(node);
    },
    delete: () => {
      if (moveStep()) lookAtAll();
    },
  });
  return controller;
};
