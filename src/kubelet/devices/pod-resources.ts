import type { Pod } from "../../api/types/index.ts";
import { podUid } from "../pod-worker/index.ts";
import type { Allocation } from "./allocations.ts";
import type { Device } from "./device-plugin.ts";

export interface PodResourcesPorts {
  pods(): readonly Pod[];
  allocations(): readonly Allocation[];
  devices(): readonly (readonly [resource: string, devices: ReadonlyMap<string, Device>])[];
}

type Methods = Readonly<Record<string, (request: object) => object>>;

/** The methods of `v1.PodResourcesLister`. */
export function podResourcesMethods(ports: PodResourcesPorts): Methods {
  const of = (pod: Pod) => podResources(pod, ports);
  return {
    List: () => ({ podResources: ports.pods().map(of) }),
    GetAllocatableResources: () => ({
      devices: ports
        .devices()
        .flatMap(([resourceName, devices]) =>
          [...devices].map(([id, { topology }]) => ({ resourceName, deviceIds: [id], topology })),
        ),
    }),
    Get: (request) => {
      const { podName, podNamespace } = request as { podName: string; podNamespace: string };
      const pod = ports.pods().find(({ metadata }) => metadata.name === podName && metadata.namespace === podNamespace);
      if (pod === undefined) throw new Error(`pod ${podName} in namespace ${podNamespace} not found`);
      return { podResources: of(pod) };
    },
  };
}

function podResources(pod: Pod, { allocations, devices }: PodResourcesPorts): object {
  const known = new Map(devices());
  const { name = "", namespace = "" } = pod.metadata;
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].map((container) => ({
    name: container.name,
    devices: allocations()
      .filter((one) => one.podUid === podUid(pod) && one.container === container.name)
      .flatMap(({ resource, ids }) =>
        ids.map((id) => ({
          resourceName: resource,
          deviceIds: [id],
          topology: known.get(resource)?.get(id)?.topology ?? null,
        })),
      ),
  }));
  return { name, namespace, containers };
}
