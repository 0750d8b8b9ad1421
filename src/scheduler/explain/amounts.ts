const units: readonly (readonly [number, string])[] = [
  [2 ** 40, "Ti"],
  [2 ** 30, "Gi"],
  [2 ** 20, "Mi"],
  [2 ** 10, "Ki"],
];

/** CPU in thousandths as people write it: 2, 1500m. */
export function cpuText(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** An amount of a resource as people write it: bytes in the largest unit that leaves no fraction beyond tenths. */
export function amountText(resource: string, amount: number): string {
  if (resource === "cpu") return cpuText(amount);
  const isBytes = resource === "memory" || resource === "ephemeral-storage" || resource.startsWith("hugepages-");
  if (!isBytes) return String(amount);
  for (const [size, unit] of units) {
    if (Math.abs(amount) >= size) return `${Math.round((amount * 10) / size) / 10}${unit}`;
  }
  return String(amount);
}
