import { keyOf, keyString } from "../../../api/meta/index.ts";
import type { AllocationResult, ResourceClaimResourceV1 as ResourceClaim } from "../../../api/types/index.ts";
import { deviceId } from "./inventory.ts";

/** What is allocated to claims: what the API says, and what this scheduler decided that the API does not say yet. */
export class Allocations {
  readonly #claims: () => readonly ResourceClaim[];
  readonly #pending = new Map<string, { readonly uid: string | undefined; readonly allocation: AllocationResult }>();
  /** Kept until a claim changes. */
  #taken: ReadonlySet<string> | undefined;

  constructor(claims: () => readonly ResourceClaim[]) {
    this.#claims = claims;
  }

  allocationOf(claim: ResourceClaim): AllocationResult | undefined {
    const pending = this.#pending.get(keyString(keyOf(claim)));
    return claim.status?.allocation ?? (pending?.uid === claim.metadata.uid ? pending?.allocation : undefined);
  }

  /** The device ids that nobody else may have. */
  taken(): ReadonlySet<string> {
    this.#taken ??= new Set(this.#claims().flatMap((claim) => devicesOf(this.allocationOf(claim))));
    return this.#taken;
  }

  hold(claim: ResourceClaim, allocation: AllocationResult): void {
    this.#pending.set(keyString(keyOf(claim)), { uid: claim.metadata.uid, allocation });
    this.#taken = undefined;
  }

  release(claim: ResourceClaim): void {
    this.#pending.delete(keyString(keyOf(claim)));
    this.#taken = undefined;
  }

  /** The API told of a claim: what it says replaces what was held for it. */
  claimChanged(claim: ResourceClaim, isGone: boolean): void {
    if (isGone || claim.status?.allocation) this.#pending.delete(keyString(keyOf(claim)));
    this.#taken = undefined;
  }
}

/** With administrative access a device is looked after, not taken. */
function devicesOf(allocation: AllocationResult | undefined): string[] {
  const results = allocation?.devices?.results ?? [];
  return results
    .filter(({ adminAccess }) => !adminAccess)
    .map(({ driver, pool, device }) => deviceId(driver, pool, device));
}
