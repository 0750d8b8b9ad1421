/** Leaves out members that are 0 or undefined, as the original's omitempty; what may be 0 on the wire is added after. */
export function omitZero<T extends object>(status: T): T {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== 0 && value !== undefined)) as T;
}
