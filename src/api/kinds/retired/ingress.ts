import type { KubeObject } from "../../meta/index.ts";
import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule, IngressSpec } from "../../types/index.ts";

interface OldBackend {
  readonly serviceName?: string;
  readonly servicePort?: number | string;
  readonly resource?: IngressBackend["resource"];
}

type OldPath = Omit<HTTPIngressPath, "backend" | "pathType"> & {
  readonly pathType?: string;
  readonly backend: OldBackend;
};

type OldRule = Omit<IngressRule, "http"> & { readonly http?: { readonly paths?: readonly OldPath[] } };

type OldSpec = Omit<IngressSpec, "defaultBackend" | "rules"> & {
  readonly backend?: OldBackend;
  readonly rules?: readonly OldRule[];
};

/** Backends named a service and its port side by side, and a path needed no type. */
export function fromV1beta1(object: KubeObject): KubeObject {
  const { spec, ...rest } = object as KubeObject & { readonly spec?: OldSpec };
  if (spec === undefined) return object;
  const { backend, rules, ...others } = spec;
  const now = {
    ...(backend && { defaultBackend: backendOf(backend) }),
    ...others,
    ...(rules && { rules: rules.map(ruleOf) }),
  };
  return { ...rest, spec: now } as Ingress;
}

function ruleOf({ http, ...rule }: OldRule): IngressRule {
  if (http === undefined) return rule;
  const paths = (http.paths ?? []).map(({ backend, pathType = "ImplementationSpecific", ...path }) => {
    return { ...path, pathType, backend: backendOf(backend) } as HTTPIngressPath;
  });
  return { ...rule, http: { paths } };
}

function backendOf({ serviceName = "", servicePort, resource }: OldBackend): IngressBackend {
  const named = typeof servicePort === "string" ? { name: servicePort } : { number: servicePort };
  const port = servicePort === undefined || servicePort === 0 ? {} : named;
  const isService = serviceName !== "" || Object.keys(port).length > 0;
  return { ...(resource && { resource }), ...(isService && { service: { name: serviceName, port } }) };
}
