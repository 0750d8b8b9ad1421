import type {
  Counter,
  CounterChild,
  Gauge,
  GaugeChild,
  Histogram,
  HistogramChild,
  HistogramOptions,
  LabelValues,
  MetricOptions,
  Metrics,
} from "./ports.ts";

const defaultBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const noLabels: LabelValues = {};
/** Joins label values into a map key; no label value of ours has it. */
const separator = "\u0000";

/**
 * A registry in the Prometheus text format. An own one rather than a library, because components touch metrics on
 * every request: a bound child is one addition, and importing it costs nothing.
 */
export function createMetrics(): Metrics {
  return new Registry();
}

type Kind = "counter" | "gauge" | "histogram";
type AnyMetric = CounterMetric | GaugeMetric | HistogramMetric;

class Registry implements Metrics {
  readonly contentType = "text/plain; version=0.0.4; charset=utf-8";
  readonly #metrics = new Map<string, AnyMetric>();
  readonly #collectors: (() => void)[] = [];

  counter(options: MetricOptions): Counter {
    return this.#once("counter", options.name, () => new CounterMetric(options)) as CounterMetric;
  }

  gauge(options: MetricOptions): Gauge {
    return this.#once("gauge", options.name, () => new GaugeMetric(options)) as GaugeMetric;
  }

  histogram(options: HistogramOptions): Histogram {
    return this.#once("histogram", options.name, () => new HistogramMetric(options)) as HistogramMetric;
  }

  beforeRender(collect: () => void): void {
    this.#collectors.push(collect);
  }

  async render(): Promise<string> {
    for (const collect of this.#collectors) collect();
    const byName = [...this.#metrics.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return byName.map((metric) => metric.render()).join("");
  }

  #once(kind: Kind, name: string, make: () => AnyMetric): AnyMetric {
    let metric = this.#metrics.get(name);
    if (metric === undefined) {
      metric = make();
      this.#metrics.set(name, metric);
    }
    if (metric.kind !== kind) throw new Error(`metric ${name} is a ${metric.kind}, not a ${kind}`);
    return metric;
  }
}

/** What the three kinds share: one child for each combination of label values. */
abstract class Metric<Child> {
  abstract readonly kind: Kind;
  readonly name: string;
  readonly #help: string;
  readonly #labels: readonly string[];
  readonly #children = new Map<string, Child>();

  constructor(options: MetricOptions) {
    this.name = options.name;
    this.#help = options.help;
    this.#labels = options.labels ?? [];
  }

  labels(...values: string[]): Child {
    const key = values.length === 1 ? (values[0] ?? "") : values.join(separator);
    const known = this.#children.get(key);
    if (known !== undefined) return known;
    if (values.length !== this.#labels.length) {
      throw new Error(`metric ${this.name} has ${this.#labels.length} labels, got ${values.length} values`);
    }
    const child = this.newChild();
    this.#children.set(key, child);
    return child;
  }

  remove(...values: string[]): void {
    this.#children.delete(values.join(separator));
  }

  render(): string {
    let out = `# HELP ${this.name} ${escapeHelp(this.#help)}\n# TYPE ${this.name} ${this.kind}\n`;
    if (this.#labels.length === 0) this.labels(); // a metric without labels is there from the start, at zero
    for (const [key, child] of this.#children) {
      const values = this.#labels.length === 0 ? [] : key.split(separator);
      out += this.renderChild(child, labelText(this.#labels, values));
    }
    return out;
  }

  protected childOf(labels: LabelValues): Child {
    if (this.#labels.length === 0) return this.labels();
    return this.labels(...this.#labels.map((label) => labels[label] ?? ""));
  }

  protected abstract newChild(): Child;
  /** `labels` is `a="x",b="y"`, or empty. */
  protected abstract renderChild(child: Child, labels: string): string;
}

class NumberChild implements CounterChild, GaugeChild {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  inc(by = 1): void {
    this.value += by;
  }

  dec(by = 1): void {
    this.value -= by;
  }
}

class CounterMetric extends Metric<NumberChild> implements Counter {
  readonly kind = "counter";

  inc(labels: LabelValues = noLabels, by = 1): void {
    if (by < 0) throw new Error(`counter ${this.name} cannot fall`);
    this.childOf(labels).inc(by);
  }

  protected newChild(): NumberChild {
    return new NumberChild();
  }

  protected renderChild(child: NumberChild, labels: string): string {
    return sample(this.name, labels, child.value);
  }
}

class GaugeMetric extends Metric<NumberChild> implements Gauge {
  readonly kind = "gauge";

  set(first: LabelValues | number, second?: number): void {
    if (typeof first === "number") this.labels().set(first);
    else this.childOf(first).set(second ?? 0);
  }

  inc(labels: LabelValues = noLabels, by = 1): void {
    this.childOf(labels).inc(by);
  }

  dec(labels: LabelValues = noLabels, by = 1): void {
    this.childOf(labels).dec(by);
  }

  protected newChild(): NumberChild {
    return new NumberChild();
  }

  protected renderChild(child: NumberChild, labels: string): string {
    return sample(this.name, labels, child.value);
  }
}

class Distribution implements HistogramChild {
  count = 0;
  sum = 0;
  /** Observations a bucket, the last one above every bound; made cumulative only when rendered. */
  readonly perBucket: number[];
  readonly #bounds: readonly number[];

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.perBucket = new Array(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    this.count++;
    this.sum += value;
    const index = firstNotBelow(this.#bounds, value);
    this.perBucket[index] = (this.perBucket[index] ?? 0) + 1;
  }
}

class HistogramMetric extends Metric<Distribution> implements Histogram {
  readonly kind = "histogram";
  readonly #bounds: readonly number[];

  constructor(options: HistogramOptions) {
    super(options);
    this.#bounds = options.buckets ?? defaultBuckets;
  }

  observe(first: LabelValues | number, second?: number): void {
    if (typeof first === "number") this.labels().observe(first);
    else this.childOf(first).observe(second ?? 0);
  }

  protected newChild(): Distribution {
    return new Distribution(this.#bounds);
  }

  protected renderChild(child: Distribution, labels: string): string {
    const prefix = labels === "" ? "" : `${labels},`;
    let out = "";
    let cumulative = 0;
    child.perBucket.forEach((inBucket, index) => {
      cumulative += inBucket;
      const bound = this.#bounds[index] ?? Number.POSITIVE_INFINITY;
      out += sample(`${this.name}_bucket`, `${prefix}le="${formatNumber(bound)}"`, cumulative);
    });
    return out + sample(`${this.name}_sum`, labels, child.sum) + sample(`${this.name}_count`, labels, child.count);
  }
}

function firstNotBelow(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sample(name: string, labels: string, value: number): string {
  return labels === "" ? `${name} ${formatNumber(value)}\n` : `${name}{${labels}} ${formatNumber(value)}\n`;
}

function labelText(names: readonly string[], values: readonly string[]): string {
  return names.map((name, index) => `${name}="${escapeLabel(values[index] ?? "")}"`).join(",");
}

function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
