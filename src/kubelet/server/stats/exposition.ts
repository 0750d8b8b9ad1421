export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** When it was measured. */
  readonly atMs?: number;
}

/** A family of metrics in Prometheus' text format; nothing without samples. */
export function family(name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ labels, value, atMs }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
    const time = atMs === undefined ? "" : ` ${atMs}`;
    return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}${time}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}
