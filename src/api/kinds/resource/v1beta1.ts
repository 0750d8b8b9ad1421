import type { KubeObject } from "../../meta/index.ts";
import type {
  Device,
  DeviceRequest,
  ResourceClaimSpec,
  ResourceClaimTemplate,
  ResourceSlice,
  resourceV1,
  resourceV1beta1,
} from "../../types/index.ts";
import type { KindStrategy } from "../generic.ts";
import type { Conversion } from "../kind.ts";
import { defaultRequest } from "./device-claim.ts";

/** In v1beta1 a request for one kind of device has its fields beside its name, and so a device its own below `basic`. */

type OldClaimSpec = resourceV1beta1.ResourceClaimSpec;

const apiVersion = "resource.k8s.io/v1beta1";
const storedVersion = "resource.k8s.io/v1";

/** Undefined for the resources that have not changed. */
export function resourceV1beta1Conversion(resource: string): Conversion | undefined {
  return conversions[resource];
}

const conversions: Readonly<Record<string, Conversion>> = {
  resourceclaims: {
    toStorage(draft: KubeObject) {
      const claim = draft as resourceV1beta1.ResourceClaim;
      return { ...claim, apiVersion: storedVersion, spec: claimFromOld(claim.spec) };
    },
    fromStorage(object: KubeObject) {
      const claim = object as resourceV1.ResourceClaim;
      return { ...claim, apiVersion, spec: claimToOld(claim.spec) };
    },
  },
  resourceclaimtemplates: {
    toStorage(draft: KubeObject) {
      const template = draft as resourceV1beta1.ResourceClaimTemplate;
      const spec = { ...template.spec, spec: claimFromOld(template.spec.spec) };
      return { ...template, apiVersion: storedVersion, spec };
    },
    fromStorage(object: KubeObject) {
      const template = object as ResourceClaimTemplate;
      return { ...template, apiVersion, spec: { ...template.spec, spec: claimToOld(template.spec.spec) } };
    },
  },
  resourceslices: {
    toStorage(draft: KubeObject) {
      const slice = draft as resourceV1beta1.ResourceSlice;
      const devices = slice.spec.devices?.map(({ name, basic }): Device => ({ name, ...basic }));
      const { nodeName, allNodes, ...rest } = slice.spec;
      const spec = {
        ...rest,
        ...(devices && { devices }),
        // Empty is the same as absent in the old form.
        ...(nodeName && { nodeName }),
        ...(allNodes && { allNodes }),
      };
      return { ...slice, apiVersion: storedVersion, spec };
    },
    fromStorage(object: KubeObject) {
      const slice = object as ResourceSlice;
      const devices = slice.spec.devices?.map(({ name, ...basic }) => ({ name, basic }));
      return { ...slice, apiVersion, spec: { ...slice.spec, ...(devices && { devices }) } };
    },
  },
};

function claimFromOld(spec: OldClaimSpec): ResourceClaimSpec {
  const requests = spec.devices?.requests?.map((request): DeviceRequest => {
    const { name, firstAvailable, ...demand } = request;
    const isExact = Object.values(demand).some((value) => value !== undefined && value !== "" && value !== 0);
    const exactly = { ...demand, deviceClassName: demand.deviceClassName ?? "" };
    return { name, ...(isExact && { exactly }), ...(firstAvailable && { firstAvailable }) };
  });
  return { ...spec, devices: { ...spec.devices, ...(requests && { requests }) } };
}

function claimToOld(spec: ResourceClaimSpec): OldClaimSpec {
  const requests = spec.devices?.requests?.map(({ name, exactly, firstAvailable }) => {
    return { name, ...exactly, ...(firstAvailable && { firstAvailable }) };
  });
  return { ...spec, devices: { ...spec.devices, ...(requests && { requests }) } };
}

/** A request without a class is one of alternatives: it says itself neither how many nor which. */
function defaultOldClaim(spec: OldClaimSpec | undefined): void {
  for (const request of spec?.devices?.requests ?? []) {
    if (request.deviceClassName) defaultRequest(request);
    for (const sub of request.firstAvailable ?? []) defaultRequest(sub);
  }
}

const defaults: Readonly<Record<string, (draft: KubeObject) => void>> = {
  resourceclaims: (draft) => defaultOldClaim((draft as resourceV1beta1.ResourceClaim).spec),
  resourceclaimtemplates: (draft) => defaultOldClaim((draft as resourceV1beta1.ResourceClaimTemplate).spec?.spec),
};

/** The strategy of a resource for objects in the old form: they are judged in the new one. */
export function oldStrategy(resource: string, strategy: KindStrategy): KindStrategy {
  const conversion = conversions[resource];
  if (!conversion) return strategy;
  const { toStorage } = conversion;
  const { validate, validateUpdate, fieldValue, table } = strategy;
  const status = strategy.updates?.status;
  return {
    ...strategy,
    applyDefaults: defaults[resource],
    ...(validate && { validate: (object: KubeObject) => validate(toStorage(object)) }),
    ...(validateUpdate && {
      validateUpdate: (object: KubeObject, old: KubeObject) => validateUpdate(toStorage(object), toStorage(old)),
    }),
    ...(fieldValue && { fieldValue: (object: KubeObject, field: string) => fieldValue(toStorage(object), field) }),
    ...(table && {
      table: { ...table, cells: (object: KubeObject, now: number) => table.cells(toStorage(object), now) },
    }),
    ...(status && {
      updates: {
        status: {
          prepareForUpdate: status.prepareForUpdate,
          validateUpdate: (object: KubeObject, old: KubeObject) =>
            status.validateUpdate?.(toStorage(object), toStorage(old)) ?? [],
        },
      },
    }),
  };
}
