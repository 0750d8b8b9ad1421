import type { CounterChild, GaugeChild, HistogramChild, Host } from "../../host/index.ts";
import type { RequestInfo } from "./request-info.ts";

const durationBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const requestLabels = ["verb", "dry_run", "group", "version", "resource", "subresource", "scope", "component"];

const reportedVerbs: Readonly<Record<string, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETECOLLECTION",
};

/** Metrics of one kind of request, bound once. */
export class RequestSeries {
  readonly #codes = new Map<number, CounterChild>();
  readonly #bindCode: (code: string) => CounterChild;
  readonly #duration: HistogramChild;

  constructor(bindCode: (code: string) => CounterChild, duration: HistogramChild) {
    this.#bindCode = bindCode;
    this.#duration = duration;
  }

  observe(code: number, seconds: number): void {
    let counter = this.#codes.get(code);
    if (counter === undefined) {
      counter = this.#bindCode(String(code));
      this.#codes.set(code, counter);
    }
    counter.inc();
    this.#duration.observe(seconds);
  }
}

/** The API server's metrics of requests and watches, under the original's names. */
export class RequestMetrics {
  readonly #host: Host;
  readonly #series = new Map<string, RequestSeries>();
  readonly #total;
  readonly #duration;
  readonly #longRunning;
  readonly #watchEvents;

  constructor(host: Host) {
    this.#host = host;
    const { metrics } = host;
    this.#total = metrics.counter({
      name: "apiserver_request_total",
      help: "Requests by verb, resource and answer",
      labels: [...requestLabels, "code"],
    });
    this.#duration = metrics.histogram({
      name: "apiserver_request_duration_seconds",
      help: "Time to answer, by verb and resource",
      labels: requestLabels,
      buckets: durationBuckets,
    });
    this.#longRunning = metrics.gauge({
      name: "apiserver_longrunning_requests",
      help: "Watches, logs and streams that are open",
      labels: ["verb", "group", "version", "resource", "subresource", "scope", "component"],
    });
    this.#watchEvents = metrics.counter({
      name: "apiserver_watch_events_total",
      help: "Events sent to watchers",
      labels: ["group", "version", "resource"],
    });
    this.#collectProcess();
  }

  of(info: RequestInfo, dryRun: boolean): RequestSeries {
    const key = `${info.verb} ${info.group}/${info.version}/${info.resource}/${info.subresource}/${scopeOf(info)}${dryRun ? "?" : ""}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const labels = [
        reportedVerbs[info.verb] ?? "other",
        dryRun ? "All" : "",
        info.group,
        info.version,
        info.resource,
        info.subresource,
        scopeOf(info),
        "apiserver",
      ];
      series = new RequestSeries((code) => this.#total.labels(...labels, code), this.#duration.labels(...labels));
      this.#series.set(key, series);
    }
    return series;
  }

  longRunning(info: RequestInfo): GaugeChild {
    const verb = reportedVerbs[info.verb] ?? "other";
    const { group, version, resource, subresource } = info;
    return this.#longRunning.labels(verb, group, version, resource, subresource, scopeOf(info), "apiserver");
  }

  watchEvents(info: RequestInfo): CounterChild {
    return this.#watchEvents.labels(info.group, info.version, info.resource);
  }

  #collectProcess(): void {
    const { metrics } = this.#host;
    const cpu = metrics.gauge({ name: "process_cpu_seconds_total", help: "CPU time used, user and system" });
    const resident = metrics.gauge({ name: "process_resident_memory_bytes", help: "Resident memory" });
    const started = metrics.gauge({ name: "process_start_time_seconds", help: "Start, in seconds since the epoch" });
    started.set(this.#host.clock.now() / 1000 - process.uptime());
    metrics.beforeRender(() => {
      const { user, system } = process.cpuUsage();
      cpu.set((user + system) / 1e6);
      resident.set(process.memoryUsage.rss());
    });
  }
}

function scopeOf(info: RequestInfo): string {
  if (!info.isResource) return "";
  if (info.name !== "") return "resource";
  return info.namespace === "" ? "cluster" : "namespace";
}
