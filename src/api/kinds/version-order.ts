/** Stable before beta before alpha, then the higher number: the order of versions that the original prefers. */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  if (left === undefined || right === undefined) {
    if (left === right) return a < b ? -1 : a > b ? 1 : 0;
    return left === undefined ? 1 : -1;
  }
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor;
}

const stages = { alpha: 0, beta: 1 } as const;

function parseVersion(version: string): { stage: number; major: number; minor: number } | undefined {
  const match = /^v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?$/.exec(version);
  if (match === null) return undefined;
  const stage = match[2] === "alpha" || match[2] === "beta" ? stages[match[2]] : 2;
  return { stage, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}
