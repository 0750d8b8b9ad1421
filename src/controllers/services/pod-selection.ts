import { keyOf, keyString, matches, selectorFromLabels } from "../../api/meta/index.ts";
import type { Pod, Service } from "../../api/types/index.ts";
import { type Informer, type InformerFactory, resources } from "../../client/index.ts";
import { compareText } from "../owners.ts";

const byLabel = "namespace and label";
const bySelector = "namespace and one selector label";

/** Finds the pods of a service and the services of a pod, each in time proportional to what shares a label. */
export interface PodSelection {
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
  podsOf(service: Service): Pod[];
  /** About how many pods the service has; never less than it has. Cheap. */
  podsAtMost(service: Service): number;
  /** Keys of the services that select these labels. */
  servicesOf(namespace: string | undefined, labels: Readonly<Record<string, string>> | undefined): string[];
}

export function podSelection(informers: InformerFactory): PodSelection {
  const services = informers.informer(resources.services, { indexers: { [bySelector]: selectorEntry } });
  const pods = informers.informer(resources.pods, { indexers: { [byLabel]: labelEntries } });
  return {
    services,
    pods,
    podsOf: (service) => {
      const [entry] = selectorEntry(service);
      if (entry === undefined) return [];
      const selector = selectorFromLabels(service.spec?.selector);
      return pods.store.byIndex(byLabel, entry).filter((pod) => matches(selector, pod.metadata.labels));
    },
    podsAtMost: (service) => {
      const [entry] = selectorEntry(service);
      return entry === undefined ? 0 : pods.store.countByIndex(byLabel, entry);
    },
    servicesOf: (namespace, labels) =>
      labelEntries({ metadata: { namespace, labels } })
        .flatMap((entry) => services.store.byIndex(bySelector, entry))
        .filter((service) => matches(selectorFromLabels(service.spec?.selector), labels))
        .map((service) => keyString(keyOf(service))),
  };
}

interface Labelled {
  metadata: { namespace?: string; labels?: Readonly<Record<string, string>> };
}

function labelEntries({ metadata }: Labelled): string[] {
  return Object.entries(metadata.labels ?? {}).map(([name, value]) => `${metadata.namespace}/${name}=${value}`);
}

/** The selector's last label in order: names as `app` are shared by more pods than longer ones behind it. */
function selectorEntry(service: Service): string[] {
  const entries = Object.entries(service.spec?.selector ?? {}).sort(([a], [b]) => compareText(a, b));
  const last = entries.at(-1);
  return last === undefined ? [] : [`${service.metadata.namespace}/${last[0]}=${last[1]}`];
}
