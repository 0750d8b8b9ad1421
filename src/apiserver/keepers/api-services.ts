import { formatTime, type KubeObject } from "../../api/meta/index.ts";
import type { APIService, APIServiceCondition, Service } from "../../api/types/index.ts";
import { Followed } from "./followed.ts";
import { type Keeper, type KeeperOptions, writeStatus } from "./keeper.ts";

const group = "apiregistration.k8s.io";

/**
 * Tells of each API service behind a service of the cluster why it cannot be available: the service is missing or does
 * not listen on the port. Whether one that is there answers is found out by asking it, which is not done here.
 */
export async function keepApiServices(options: KeeperOptions): Promise<Keeper> {
  const { host, store, kinds } = options;
  const kind = kinds.byApiVersionKind(`${group}/v1`, "APIService");
  const serviceKind = kinds.byApiVersionKind("v1", "Service");
  if (kind === undefined || serviceKind === undefined) return { close() {} };

  const check = (object: KubeObject): void => {
    const apiService = object as APIService;
    const why = unavailability(apiService, services);
    if (why === undefined) return;
    const told = apiService.status?.conditions?.find(({ type }) => type === "Available");
    if (told?.status === "False" && told.reason === why.reason && told.message === why.message) return;
    const lastTransitionTime = told?.status === "False" ? told.lastTransitionTime : formatTime(host.clock.now());
    const others = (apiService.status?.conditions ?? []).filter(({ type }) => type !== "Available");
    const available = { type: "Available", status: "False", lastTransitionTime, ...why };
    const body = { status: { conditions: [...others, available].map((condition) => ({ ...condition })) } };
    const target = { group, version: "v1", resource: "apiservices", name: apiService.metadata.name };
    void writeStatus(options, { ...target, patchType: "application/merge-patch+json", body, options: {} });
  };
  const services = new Followed(store, `${serviceKind.storagePrefix}/`, host, () => {
    for (const apiService of apiServices.values()) check(apiService);
  });
  const apiServices = new Followed(store, `${kind.storagePrefix}/`, host, (_, apiService) => {
    if (apiService !== undefined) check(apiService);
  });
  await services.start();
  await apiServices.start();
  return {
    close() {
      services.close();
      apiServices.close();
    },
  };
}

function unavailability(
  { spec }: APIService,
  services: Followed,
): Pick<APIServiceCondition, "reason" | "message"> | undefined {
  const reference = spec.service;
  if (!reference) return undefined;
  const { namespace = "", name = "", port } = reference;
  const called = `service/${name} in ${JSON.stringify(namespace)}`;
  const service = services.get(`${namespace}/${name}`) as Service | undefined;
  if (service === undefined) return { reason: "ServiceNotFound", message: `${called} is not present` };
  if (service.spec?.type !== "ClusterIP" || service.spec.ports?.some((one) => one.port === port)) return undefined;
  return { reason: "ServicePortError", message: `${called} is not listening on port ${port}` };
}
