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
    servicesOf: (namespace, labels) => {
      const found: string[] = [];
      for (const entry of labelEntries({ metadata: { namespace, labels } })) {
        // Most pods of a large cluster have few services or none.
        if (services.store.countByIndex(bySelector, entry) === 0) continue;
        for (const service of services.store.byIndex(bySelector, entry)) {
          if (matches(selectorFromLabels(service.spec?.selector), labels)) found.push(keyString(keyOf(service)));
        }
      }
      return found;
    },
  };
}

interface Labelled {
  metadata: { namespace?: string; labels?: Readonly<Record<string, string>> };
}

function labelEntries({ metadata: { namespace, labels = {} } }: Labelled): string[] {
  const entries: string[] = [];
  for (const name of Object.keys(labels)) entries.push(`${namespace}/${name}=${labels[name]}`);
  return entries;
}

/** The selector's last label in order: names as `app` are shared by more pods than longer ones behind it. */
function selectorEntry(service: Service): string[] {
  const entries = Object.entries(service.spec?.selector ?? {}).sort(([a], [b]) => compareText(a, b));
  const last = entries.at(-1);
  return last === undefined ? [] : [`${service.metadata.namespace}/${last[0]}=${last[1]}`];
}
