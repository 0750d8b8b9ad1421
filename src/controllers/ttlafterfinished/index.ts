/** Deletes finished jobs when the time they asked to be kept has passed. */
import { isReason, keyString, parseTime } from "../../api/meta/index.ts";
import type { Job } from "../../api/types/index.ts";
import { again, done, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { objectKey } from "../owners.ts";

export const startTtlAfterFinishedController: StartController = ({ client, host, informers, workers }) => {
  const jobs = informers.informer(resources.jobs);
  const controller = runController({
    name: "ttl-after-finished-controller",
    host,
    workers: workers("ttl-after-finished-controller", 5),
    synced: [jobs],
    reconcile: async (key) => {
      const job = jobs.store.get(keyString(key));
      const expires = job === undefined ? undefined : expiresAtMs(job);
      if (job === undefined || expires === undefined || job.metadata.deletionTimestamp !== undefined) return done;
      const left = expires - host.clock.now();
      if (left > 0) return again(left);
      const { uid, resourceVersion } = job.metadata;
      const options = { propagationPolicy: "Foreground", preconditions: { uid, resourceVersion } };
      await client
        .resource(resources.jobs)
        .delete(objectKey(job), options)
        .catch((error) => {
          if (!isReason(error, "NotFound")) throw error;
        });
      return done;
    },
  });
  const consider = (job: Job): void => {
    if (expiresAtMs(job) !== undefined) controller.enqueue(job);
  };
  jobs.addHandlers({ add: consider, update: (_, job) => consider(job) });
  return controller;
};

function expiresAtMs(job: Job): number | undefined {
  const seconds = job.spec.ttlSecondsAfterFinished;
  const finished = job.status?.conditions?.find(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  if (seconds === undefined || !finished?.lastTransitionTime) return undefined;
  return parseTime(finished.lastTransitionTime) + seconds * 1000;
}
