/**
 * Says of validating admission policies which version of them is in effect, and what is wrong with their expressions by the
 * types of the resources that they are about.
 */
import type { ValidatingAdmissionPolicy } from "../../api/types/index.ts";
import { done, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { expressionWarnings } from "./type-checking.ts";

const name = "validatingadmissionpolicy-status-controller";

export const startAdmissionPolicyStatus: StartController = ({ client, discovery, host, informers, workers }) => {
  const policies = informers.informer(resources.validatingadmissionpolicies);
  const controller = runController({
    name,
    host,
    workers: workers(name, 5),
    synced: [policies],
    reconcile: async (key) => {
      const policy = policies.store.get(key.name);
      if (policy === undefined || isTold(policy)) return done;
      const { generation, resourceVersion } = policy.metadata;
      const found = await expressionWarnings(policy, client, discovery);
      const typeChecking = found.length === 0 ? {} : { expressionWarnings: found.map((each) => ({ ...each })) };
      const status = { observedGeneration: generation, typeChecking };
      const patch = { metadata: { resourceVersion }, status };
      await client.resource(resources.validatingadmissionpolicies).patchStatus(key, "merge", patch);
      return done;
    },
  });
  policies.addHandlers({
    add: (policy) => controller.enqueue(policy),
    update: (_, policy) => controller.enqueue(policy),
  });
  return controller;
};

function isTold({ metadata, status }: ValidatingAdmissionPolicy): boolean {
  return status?.observedGeneration === metadata.generation;
}
