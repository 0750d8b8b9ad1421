/** What a level may get of the seats of all, and what it wants. */
export interface SeatClaim {
  readonly min: number;
  readonly max: number;
  readonly wanted: number;
}

const stepsMax = 64;

/**
 * Shares seats out: everybody gets the same part of what it wants, but never less than its minimum nor more than its
 * maximum. The sum is as near to the total as these allow.
 */
export function allocateSeats(total: number, claims: readonly SeatClaim[]): number[] {
  const at = (part: number) =>
    claims.map(({ min, max, wanted }) => Math.min(max, Math.max(min, part * Math.max(wanted, Number.EPSILON))));
  const sum = (seats: readonly number[]) => seats.reduce((all, one) => all + one, 0);
  let low = 0;
  let high = 1;
  while (sum(at(high)) < total && high < 1e12) high *= 2;
  for (let step = 0; step < stepsMax; step++) {
    const middle = (low + high) / 2;
    if (sum(at(middle)) < total) low = middle;
    else high = middle;
  }
  return at(high).map(Math.round);
}

/** What a level's own configuration gives it of all seats. */
export interface SeatLimits {
  readonly nominal: number;
  readonly min: number;
  readonly max: number;
}

export interface SeatShares {
  readonly shares: number;
  readonly lendablePercent: number;
  /** Undefined: there is no bound. */
  readonly borrowingLimitPercent?: number;
}

export function seatLimits(total: number, sharesOfAll: number, one: SeatShares): SeatLimits {
  const nominal = sharesOfAll === 0 ? 0 : Math.ceil((total * one.shares) / sharesOfAll);
  const { borrowingLimitPercent: percent } = one;
  const min = nominal - Math.round((nominal * one.lendablePercent) / 100);
  const max = percent === undefined ? total : nominal + Math.round((nominal * percent) / 100);
  return { nominal, min, max };
}
