/** Makes the resource claims that pods take from templates, and frees the devices of claims that nobody uses any more. */
export { startResourceClaimController } from "./controller.ts";
export { claimNameOf, isReservedFor } from "./plan.ts";
