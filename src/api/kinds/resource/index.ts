/** Devices: their classes, what nodes have of them, and who claims them. */
import type { KindStrategy } from "../generic.ts";
import { deviceClassStrategy } from "./device-class.ts";
import { deviceTaintRuleStrategy } from "./device-taint-rule.ts";
import { resourceClaimStrategy } from "./resource-claim.ts";
import { resourceClaimTemplateStrategy } from "./resource-claim-template.ts";
import { resourcePoolStatusRequestStrategy } from "./resource-pool-status-request.ts";
import { resourceSliceStrategy } from "./resource-slice.ts";
import { oldStrategy } from "./v1beta1.ts";

export { resourceV1beta1Conversion } from "./v1beta1.ts";

export const resourceStrategies: Readonly<Record<string, KindStrategy>> = {
  deviceclasses: deviceClassStrategy,
  devicetaintrules: deviceTaintRuleStrategy,
  resourceclaims: resourceClaimStrategy,
  resourceclaimtemplates: resourceClaimTemplateStrategy,
  resourceslices: resourceSliceStrategy,
  resourcepoolstatusrequests: resourcePoolStatusRequestStrategy,
  "v1beta1/resourceclaims": oldStrategy("resourceclaims", resourceClaimStrategy),
  "v1beta1/resourceclaimtemplates": oldStrategy("resourceclaimtemplates", resourceClaimTemplateStrategy),
  "v1beta1/resourceslices": oldStrategy("resourceslices", resourceSliceStrategy),
};
