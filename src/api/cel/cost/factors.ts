/** The original's units of cost. */
export const factors = {
  listCreation: 10,
  mapCreation: 30,
  structCreation: 40,
  /** Of one character that is looked at. */
  traversal: 0.1,
  /** Of one character of a pattern. */
  pattern: 0.25,
  authorizationCheck: 350_000,
} as const;

/** What one round of a macro is estimated to cost beside the expressions that it is given. */
export const macroRounds: Readonly<Record<string, number>> = {
  all: 3,
  exists: 4,
  exists_one: 2,
  existsOne: 2,
  map: 12,
  filter: 13,
  transformList: 12,
  transformMap: 3,
  transformMapEntry: 2,
};

/** What looking at a macro's result costs. */
export const macroResults: Readonly<Record<string, number>> = {
  all: 1,
  exists: 1,
  exists_one: 2,
  existsOne: 2,
  map: 1,
  filter: 1,
  transformList: 1,
  transformMap: 1,
  transformMapEntry: 1,
};

export function traversal(size: number, times = 1): number {
  return Math.ceil(size * times * factors.traversal);
}

/** Of matching a pattern. */
export function matching(size: number, patternSize: number): number {
  return traversal(size + 1) * Math.ceil(patternSize * factors.pattern);
}
