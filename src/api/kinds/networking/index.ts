/** Ingresses and their classes, network policies, and the addresses of services. */
import type { KindStrategy } from "../generic.ts";
import { ingressStrategy } from "./ingress.ts";
import { ingressClassStrategy } from "./ingress-class.ts";
import { ipAddressStrategy } from "./ip-address.ts";
import { networkPolicyStrategy } from "./network-policy.ts";
import { serviceCIDRStrategy } from "./service-cidr.ts";

export const networkingStrategies: Readonly<Record<string, KindStrategy>> = {
  ingresses: ingressStrategy,
  ingressclasses: ingressClassStrategy,
  networkpolicies: networkPolicyStrategy,
  servicecidrs: serviceCIDRStrategy,
  ipaddresses: ipAddressStrategy,
};
