import { controllerReference, isApiError, isReason, type KubeObject } from "../../api/meta/index.ts";
import type { Pod, PodTemplateSpec } from "../../api/types/index.ts";
import { type Client, type Draft, type EventRecorder, resources } from "../../client/index.ts";
import { objectKey } from "../owners.ts";

/** A pod as its owner's template describes it; named by the server. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject): Draft<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      labels,
      annotations,
      finalizers,
      ownerReferences: [controllerReference(owner)],
    },
    spec: template.spec ?? { containers: [] },
  };
}

/** The namespace is being deleted: nothing can be made in it, and nothing has to. */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!isApiError(error)) return false;
  return (error.status.details?.causes ?? []).some((cause) => cause.reason === "NamespaceTerminating");
}

/** Makes and deletes pods for owners, and says so in events of the owner. */
export class PodControl {
  readonly #client: Client;
  readonly #events: EventRecorder;

  constructor(client: Client, events: EventRecorder) {
    this.#client = client;
    this.#events = events;
  }

  async create(pod: Draft<Pod>, owner: KubeObject): Promise<Pod> {
    try {
      const created = await this.#client.resource(resources.pods).create(pod);
      this.#events.event(owner, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name}`);
      return created;
    } catch (error) {
      if (!isNamespaceTerminating(error)) {
        this.#events.event(owner, "Warning", "FailedCreate", `Error creating: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  /** Gives false when the pod was gone already. */
  async delete(pod: Pod, owner: KubeObject): Promise<boolean> {
    try {
      await this.#client.resource(resources.pods).delete(objectKey(pod));
      this.#events.event(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
      return true;
    } catch (error) {
      if (isReason(error, "NotFound")) return false;
      this.#events.event(owner, "Warning", "FailedDelete", `Error deleting: ${messageOf(error)}`);
      throw error;
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
