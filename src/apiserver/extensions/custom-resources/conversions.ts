import type { ResourceKind } from "../../../api/kinds/index.ts";
import type { KubeObject } from "../../../api/meta/index.ts";
import type { Store } from "../../../store/index.ts";
import { type ConversionPorts, ConversionWebhook } from "./conversion-webhook.ts";
import { ConvertingStore, type RemoteConversion } from "./converting-store.ts";
import { CustomKind } from "./custom-kind.ts";

/** Gives each custom resource that webhooks convert a store of its own in each version, for as long as its kind is served. */
export class Conversions {
  readonly #ports: ConversionPorts;
  readonly #stores = new WeakMap<ResourceKind, Store>();

  constructor(ports: ConversionPorts) {
    this.#ports = ports;
  }

  /** The store itself for all that is converted here, or not at all. */
  storeFor(kind: ResourceKind, store: Store): Store {
    if (kind.conversion?.isRemote !== true || !(kind instanceof CustomKind)) return store;
    let converting = this.#stores.get(kind);
    if (converting === undefined) {
      converting = new ConvertingStore(store, this.#conversionOf(kind));
      this.#stores.set(kind, converting);
    }
    return converting;
  }

  #conversionOf(kind: CustomKind): RemoteConversion {
    const { webhook, name } = kind.remote;
    const asked = new ConversionWebhook(this.#ports, webhook, name);
    const convert = async (objects: readonly KubeObject[], to: string): Promise<KubeObject[]> => {
      const result = [...objects];
      const byVersion = Map.groupBy(objects.keys(), (i) => objects[i]?.apiVersion ?? "");
      for (const [apiVersion, indexes] of byVersion) {
        if (apiVersion === to) continue;
        const own = indexes.map((i) => kind.remote.read(objects[i] as KubeObject));
        const converted = await asked.convert(own, to);
        for (const [at, i] of indexes.entries()) result[i] = converted[at] as object as KubeObject;
      }
      return result;
    };
    return {
      fromStorage: (objects) => convert(objects, kind.remote.apiVersion),
      async toStorage(object) {
        const [converted = object] = await convert([object], kind.remote.storageApiVersion);
        return converted === object ? object : kind.remote.cleanForStorage(converted);
      },
    };
  }
}
