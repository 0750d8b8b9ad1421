/**
 * The controllers: each looks at what is there and moves it towards what is wanted, through the API alone. One folder a
 * controller; which of them run is told by their upstream names.
 */
import {
  type Client,
  createEventRecorder,
  createInformerFactory,
  type Discovery,
  type EventRecorder,
} from "../client/index.ts";
import type { Host } from "../host/index.ts";
import { controllers, controllersOffByDefault } from "./all.ts";
import type { ControllersConfig, RunningController } from "./context.ts";

export { cloudControllers, controllerAliases } from "./aliases.ts";
export { controllerNames, controllersOffByDefault, simulatedProvisionerController } from "./all.ts";
export type { AutoscalerConfig, ControllersConfig } from "./context.ts";
export { simulatedProvisioner } from "./simulated-provisioner/index.ts";

export interface ControllersOptions {
  readonly client: Client;
  /** For controllers that shall write as somebody of their own, as the original does with service accounts. */
  readonly clientFor?: (controller: string) => Client;
  readonly discovery: Discovery;
  readonly host: Host;
  readonly config?: ControllersConfig;
  /** Upstream names (`deployment-controller`); default: all but those that are off by default. */
  readonly only?: readonly string[];
}

export interface RunningControllers {
  /** Resolves when all informers have seen the first list. */
  whenSynced(): Promise<void>;
  /** Lets the work that has begun end, and writes the events that wait. */
  stop(): Promise<void>;
}

/** Starts the controllers over one shared set of informers. */
export function startControllers(options: ControllersOptions): RunningControllers {
  const { client, clientFor = () => client, discovery, host, config = {}, only } = options;
  const unknown = only?.find((name) => !controllers.has(name));
  if (unknown !== undefined) throw new Error(`there is no controller ${unknown}`);
  const informers = createInformerFactory(client, host);
  const recorders = new Map<string, EventRecorder>();
  const recorder = (component: string): EventRecorder => {
    let found = recorders.get(component);
    if (found === undefined) {
      found = createEventRecorder({ client, host, component });
      recorders.set(component, found);
    }
    return found;
  };
  const workers = (controller: string, byDefault: number) => config.concurrentSyncs?.[controller] ?? byDefault;
  const running: RunningController[] = [];
  const isOn = (name: string) => (only === undefined ? !controllersOffByDefault.has(name) : only.includes(name));
  for (const [name, start] of controllers) {
    if (!isOn(name)) continue;
    running.push(start({ client: clientFor(name), discovery, informers, host, config, recorder, workers }));
  }
  informers.start();
  return {
    whenSynced: () => informers.whenSynced(),
    stop: async () => {
      informers.stop();
      await Promise.all(running.map((controller) => controller.stop()));
      await Promise.all([...recorders.values()].map((known) => known.stop()));
    },
  };
}
